// Command settings prints, as JSON, what the Kubernetes that it is built with takes: the fields of the kubelet's and
// kube-proxy's configuration with their types, the arguments of the control plane's components, the feature gates.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/pkg/v3/featuregate"
	"go.etcd.io/etcd/server/v3/embed"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	kubeproxy "k8s.io/kube-proxy/config/v1alpha1"
	kubelet "k8s.io/kubelet/config/v1beta1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
)

// etcd's own program adds these to those of its library (etcdmain/config.go).
var etcdProgramFlags = []string{"config-file", "discovery-fallback", "initial-cluster-state", "v2-deprecation", "version"}

type facts struct {
	Structures   map[string]map[string]string `json:"structures"`
	Words        map[string][]string          `json:"words"`
	Keys         map[string][]string          `json:"keys"`
	Arguments    map[string]map[string]string `json:"arguments"`
	FeatureGates map[string]string            `json:"featureGates"`
	EtcdGates    map[string]string            `json:"etcdFeatureGates"`
	KubeletFlags []string                     `json:"kubeletFlags"`
}

func main() {
	found := facts{
		Structures: map[string]map[string]string{},
		Arguments: map[string]map[string]string{
			"apiServer":         ofCommand(apiserver.NewAPIServerCommand()),
			"controllerManager": ofCommand(controllermanager.NewControllerManagerCommand()),
			"scheduler":         ofCommand(scheduler.NewSchedulerCommand()),
			"etcd":              ofEtcd(),
		},
		FeatureGates: featureGates(),
		EtcdGates:    etcdGates(),
		KubeletFlags: kubeletFlags(),
		Words:        words(),
		Keys:         keys,
	}
	structure(found.Structures, reflect.TypeFor[kubelet.KubeletConfiguration]())
	structure(found.Structures, reflect.TypeFor[kubeproxy.KubeProxyConfiguration]())
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// structure adds a type's fields, and those of all types that it is made of: field name to type.
func structure(found map[string]map[string]string, kind reflect.Type) {
	if _, known := found[kind.Name()]; known {
		return
	}
	fields := map[string]string{}
	found[kind.Name()] = fields
	addFields(found, fields, kind)
}

func addFields(found map[string]map[string]string, fields map[string]string, kind reflect.Type) {
	for index := range kind.NumField() {
		field := kind.Field(index)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && (field.Anonymous || strings.Contains(options, "inline")):
			addFields(found, fields, field.Type)
		default:
			fields[name] = typeName(found, field.Type)
			if form, special := forms[kind.Name()+"."+name]; special {
				fields[name] = form
			}
		}
	}
}

func typeName(found map[string]map[string]string, kind reflect.Type) string {
	if kind.Kind() == reflect.Pointer {
		return typeName(found, kind.Elem())
	}
	switch kind.Name() {
	case "Duration":
		return "duration"
	case "TimeOrMetaDuration":
		return "durationOrNanoseconds"
	case "Quantity", "QuantityValue":
		return "quantity"
	case "Time":
		return "time"
	}
	if reflect.PointerTo(kind).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return "any"
	}
	switch kind.Kind() {
	case reflect.Struct:
		structure(found, kind)
		return kind.Name()
	case reflect.Slice:
		return "[]" + typeName(found, kind.Elem())
	case reflect.Map:
		return "{}" + typeName(found, kind.Elem())
	case reflect.Interface:
		return "any"
	default:
		return kind.Kind().String()
	}
}

func ofCommand(command *cobra.Command) map[string]string { return ofFlags(command.Flags()) }

// ofFlags gives each flag's type; one that is deprecated has the reason after it.
func ofFlags(flags *pflag.FlagSet) map[string]string {
	found := map[string]string{}
	flags.VisitAll(func(each *pflag.Flag) {
		found[each.Name] = strings.TrimSpace(each.Value.Type() + " " + each.Deprecated)
	})
	delete(found, "help")
	return found
}

func ofEtcd() map[string]string {
	flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
	embed.NewConfig().AddFlags(flags)
	found := map[string]string{}
	flags.VisitAll(func(each *flag.Flag) {
		found[each.Name] = "string"
		if getter, ok := each.Value.(flag.Getter); ok && getter.Get() != nil {
			found[each.Name] = strings.ToLower(reflect.TypeOf(getter.Get()).Name())
		}
	})
	for _, name := range etcdProgramFlags {
		found[name] = "string"
	}
	return found
}

func featureGates() map[string]string {
	found := map[string]string{}
	for name, spec := range utilfeature.DefaultMutableFeatureGate.GetAll() {
		found[string(name)] = gate(string(spec.PreRelease), spec.Default, spec.LockToDefault)
	}
	return found
}

func etcdGates() map[string]string {
	found := map[string]string{}
	for name, spec := range embed.NewConfig().ServerFeatureGate.(featuregate.MutableFeatureGate).GetAll() {
		found[string(name)] = gate(string(spec.PreRelease), spec.Default, spec.LockToDefault)
	}
	return found
}

// gate is a gate's stage and default, and whether it is locked to that: "GA true locked".
func gate(stage string, byDefault, locked bool) string {
	if stage == "" {
		stage = "GA"
	}
	text := fmt.Sprintf("%s %t", stage, byDefault)
	if locked {
		text += " locked"
	}
	return text
}

func kubeletFlags() []string {
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	kubeletoptions.NewKubeletFlags().AddFlags(flags)
	var names []string
	flags.VisitAll(func(each *pflag.Flag) { names = append(names, each.Name) })
	return names
}
