"""Guest images: made of Debian packages or fetched and verified, as OVA, with a proof that they boot (`make image`)."""
