package engine

import (
	"testing"
)

func TestRunContainerIsAnImageOrAListEndingInOne(t *testing.T) {
	for value, wanted := range map[string]int{"node:1": 1, `["--tmpfs=/run", "node:1"]`: 2, "": 0, "[]": 0, `["a", 1]`: 0, "[broken": 0} {
		arguments, err := ParseArguments(value)
		if len(arguments) != wanted || (err == nil) != (wanted > 0) {
			t.Errorf("%q: found %q, %v", value, arguments, err)
		}
	}
}
