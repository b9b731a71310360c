package main

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// nameAndType reads a resource's name and type from
// urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>.
func nameAndType(urn string) (name, token string, err error) {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) != 4 {
		return "", "", status.Errorf(codes.InvalidArgument, "found the URN %q, expected urn:pulumi:<stack>::<project>::<type>::<name>", urn)
	}
	types := strings.Split(parts[2], "$")
	token = types[len(types)-1]
	if _, provided := resourceTypes[token]; !provided {
		return "", "", notProvided(token)
	}
	return parts[3], token, nil
}

func typeOf(token, urn string) (resourceType, error) {
	if token == "" {
		_, fromURN, err := nameAndType(urn)
		if err != nil {
			return resourceType{}, err
		}
		token = fromURN
	}
	resource, provided := resourceTypes[token]
	if !provided {
		return resourceType{}, notProvided(token)
	}
	return resource, nil
}

func notProvided(token string) error {
	return status.Errorf(codes.Unimplemented,
		"%s is not provided by this stand-in for the command plugin, only %s, %s and %s: use one of these, or install the vendor's plugin",
		token, localCommand, remoteCommand, copyToRemote)
}
