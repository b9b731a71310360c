"""Programs of the mirror: Go builds by module, and what is taken out of Debian's packages."""
