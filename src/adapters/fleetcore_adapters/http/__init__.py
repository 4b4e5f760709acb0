"""What is fetched by HTTP."""
