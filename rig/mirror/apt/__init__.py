"""Programs packed as upstream packs them, and the apt repositories they are in."""
