"""What serves the mirror: the file server's tree and the server, the registries' configuration and users."""
