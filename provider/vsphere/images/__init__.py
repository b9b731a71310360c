"""Images on a datastore: an OVA is read, uploaded once and kept as a base machine."""
