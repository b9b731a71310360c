"""Programs as container images, written into a registry's storage."""
