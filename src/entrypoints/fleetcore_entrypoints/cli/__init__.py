"""The command line; `main` is its one public function, one module holds one group of commands."""
