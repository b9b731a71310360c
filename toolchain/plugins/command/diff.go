package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

var plainName = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// differ collects what changed between a resource's old and new inputs.
type differ struct {
	replacing bool // the property under comparison replaces the resource
	response  *pulumirpc.DiffResponse
}

// diffInputs compares inputs with inputs: outputs never cause a change.
func diffInputs(old, new *structpb.Struct) *pulumirpc.DiffResponse {
	d := differ{response: &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}}
	for _, p := range commandInputs {
		d.replacing = p.replaces
		before := len(d.response.DetailedDiff)
		d.compare(p.name, old.GetFields()[p.name], new.GetFields()[p.name])
		if len(d.response.DetailedDiff) == before {
			continue
		}
		d.response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		d.response.Diffs = append(d.response.Diffs, p.name)
		if p.replaces {
			d.response.Replaces = append(d.response.Replaces, p.name)
		}
	}
	return d.response
}

func (d *differ) compare(path string, old, new *structpb.Value) {
	oldFields, newFields := plainFields(old), plainFields(new)
	oldList, newList := old.GetListValue(), new.GetListValue()
	switch {
	case isNull(old) && isNull(new):
	case isNull(old):
		d.record(path, pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE)
	case isNull(new):
		d.record(path, pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE)
	case oldFields != nil && newFields != nil:
		for _, key := range unionOfKeys(oldFields, newFields) {
			d.compare(path+pathSegment(key), oldFields[key], newFields[key])
		}
	case oldList != nil && newList != nil:
		for i := range max(len(oldList.GetValues()), len(newList.GetValues())) {
			d.compare(fmt.Sprintf("%s[%d]", path, i), element(oldList, i), element(newList, i))
		}
	case !proto.Equal(old, new):
		d.record(path, pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE)
	}
}

func (d *differ) record(path string, update, replace pulumirpc.PropertyDiff_Kind) {
	kind := update
	if d.replacing {
		kind = replace
	}
	d.response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}

// plainFields returns the fields of an ordinary object. A secret is compared as a whole.
func plainFields(value *structpb.Value) map[string]*structpb.Value {
	if value.GetStructValue() == nil || signature(value) != "" {
		return nil
	}
	if value.GetStructValue().GetFields() == nil {
		return map[string]*structpb.Value{}
	}
	return value.GetStructValue().GetFields()
}

func element(list *structpb.ListValue, index int) *structpb.Value {
	if index < len(list.GetValues()) {
		return list.GetValues()[index]
	}
	return nil
}

func unionOfKeys(old, new map[string]*structpb.Value) []string {
	keys := make([]string, 0, len(old)+len(new))
	for key := range old {
		keys = append(keys, key)
	}
	for key := range new {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func pathSegment(key string) string {
	if plainName.MatchString(key) {
		return "." + key
	}
	return `["` + strings.ReplaceAll(key, `"`, `\"`) + `"]`
}
