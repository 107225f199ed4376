"""Stand-ins for servers of others, for development and tests. Production code never imports them."""
