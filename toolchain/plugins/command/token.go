package main

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// nameIn reads a resource's name from urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>. A resource of
// another type is an error.
func nameIn(urn string) (string, error) {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) != 4 {
		return "", status.Errorf(codes.InvalidArgument, "found the URN %q, expected urn:pulumi:<stack>::<project>::<type>::<name>", urn)
	}
	types := strings.Split(parts[2], "$")
	if token := types[len(types)-1]; token != remoteCommand {
		return "", status.Errorf(codes.Unimplemented,
			"%s is not provided by this stand-in for the command plugin, only %s: use that, or install the vendor's plugin",
			token, remoteCommand)
	}
	return parts[3], nil
}
