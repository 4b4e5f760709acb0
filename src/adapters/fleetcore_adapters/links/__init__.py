"""Regions over sockets: a framed, signed, compact form, a server and a client."""
