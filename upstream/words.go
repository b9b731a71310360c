package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	kubeproxy "k8s.io/kube-proxy/config/v1alpha1"
	kubelet "k8s.io/kubelet/config/v1beta1"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	kubeletscheme "k8s.io/kubernetes/pkg/kubelet/apis/config/scheme"
	kubeletvalidation "k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	eviction "k8s.io/kubernetes/pkg/kubelet/eviction/api"
	proxyconfig "k8s.io/kubernetes/pkg/proxy/apis/config"
	proxyscheme "k8s.io/kubernetes/pkg/proxy/apis/config/scheme"
	proxyvalidation "k8s.io/kubernetes/pkg/proxy/apis/config/validation"
)

const nonsense = "kubelab-nonsense"

// choice is a field of a structure that takes only some words. Each is tried with the component's own validation;
// `late` are those that the component only compares when it starts.
type choice struct {
	structure, field string
	words            []string
	late             bool
}

// The words stand in the comments of k8s.io/kubelet/config/v1beta1/types.go and of k8s.io/kube-proxy's.
var kubeletChoices = []choice{
	{"KubeletConfiguration", "hairpinMode", []string{"promiscuous-bridge", "hairpin-veth", "none"}, false},
	{"KubeletConfiguration", "cpuManagerPolicy", []string{"none", "static"}, true},
	{"KubeletConfiguration", "memoryManagerPolicy", []string{"None", "Static"}, true},
	{"KubeletConfiguration", "topologyManagerPolicy", []string{"none", "best-effort", "restricted", "single-numa-node"}, false},
	{"KubeletConfiguration", "topologyManagerScope", []string{"container", "pod"}, false},
	{"KubeletConfiguration", "imagePullCredentialsVerificationPolicy", []string{"NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages", "AlwaysVerify"}, false},
	{"KubeletConfiguration", "memoryReservationPolicy", []string{"None", "TieredReservation"}, false},
	{"KubeletConfiguration", "configMapAndSecretChangeDetectionStrategy", []string{"Get", "Cache", "Watch"}, true},
	{"KubeletConfiguration", "enforceNodeAllocatable", []string{"none", "pods", "system-reserved", "system-reserved-compressible", "kube-reserved", "kube-reserved-compressible"}, true},
	{"KubeletConfiguration", "tlsMinVersion", []string{"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"}, true},
	{"MemorySwapConfiguration", "swapBehavior", []string{"NoSwap", "LimitedSwap", "UnlimitedSwap"}, false},
	{"LoggingConfiguration", "format", []string{"text", "json"}, true},
}

var proxyChoices = []choice{
	{"KubeProxyConfiguration", "mode", []string{"iptables", "nftables", "ipvs", "userspace"}, false},
	{"KubeProxyConfiguration", "detectLocalMode", []string{"ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"}, true},
}

// forms are texts that the kubelet parses further (pkg/kubelet/eviction/helpers.go, cmd/kubelet/app/server.go).
var forms = map[string]string{
	"KubeletConfiguration.containerLogMaxSize":     "size",
	"KubeletConfiguration.evictionHard":            "{}threshold",
	"KubeletConfiguration.evictionSoft":            "{}threshold",
	"KubeletConfiguration.evictionSoftGracePeriod": "{}span",
	"KubeletConfiguration.evictionMinimumReclaim":  "{}threshold",
	"KubeletConfiguration.systemReserved":          "{}size",
	"KubeletConfiguration.kubeReserved":            "{}size",
}

var signals = []string{
	string(eviction.SignalMemoryAvailable),
	string(eviction.SignalNodeFsAvailable),
	string(eviction.SignalNodeFsInodesFree),
	string(eviction.SignalImageFsAvailable),
	string(eviction.SignalImageFsInodesFree),
	string(eviction.SignalContainerFsAvailable),
	string(eviction.SignalContainerFsInodesFree),
	string(eviction.SignalAllocatableMemoryAvailable),
	string(eviction.SignalPIDAvailable),
}

// keys are those that a mapping takes, where it does not take any.
var keys = map[string][]string{
	"KubeletConfiguration.evictionHard":            signals,
	"KubeletConfiguration.evictionSoft":            signals,
	"KubeletConfiguration.evictionSoftGracePeriod": signals,
	"KubeletConfiguration.evictionMinimumReclaim":  signals,
	"KubeletConfiguration.systemReserved":          {"cpu", "memory", "ephemeral-storage", "pid"},
	"KubeletConfiguration.kubeReserved":            {"cpu", "memory", "ephemeral-storage", "pid"},
}

// words gives what each field that is no free text takes, by "Structure.field".
func words() map[string][]string {
	found := map[string][]string{}
	kubeletType, proxyType := reflect.TypeFor[kubelet.KubeletConfiguration](), reflect.TypeFor[kubeproxy.KubeProxyConfiguration]()
	for _, each := range kubeletChoices {
		add(found, each, kubeletType, kubeletFaults)
	}
	for _, each := range proxyChoices {
		add(found, each, proxyType, proxyFaults)
	}
	return found
}

func add(found map[string][]string, each choice, root reflect.Type, faults func(path, word string) int) {
	path := pathOf(root, each)
	if path == "" {
		return
	}
	accepted := each.words
	if !each.late {
		accepted = nil
		least := faults(path, each.words[0])
		for _, word := range each.words {
			least = min(least, faults(path, word))
		}
		for _, word := range each.words {
			if faults(path, word) == least {
				accepted = append(accepted, word)
			}
		}
		if faults(path, nonsense) == least {
			fmt.Fprintf(os.Stderr, "%s takes any word\n", path)
			os.Exit(1)
		}
	}
	found[each.structure+"."+each.field] = accepted
}

// pathOf is the way from the root to a field, with dots; empty in a release that does not have it.
func pathOf(root reflect.Type, wanted choice) string {
	for index := range root.NumField() {
		field := root.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if root.Name() == wanted.structure && name == wanted.field {
			return name
		}
		if field.Type.Kind() == reflect.Struct && name != "" {
			if rest := pathOf(field.Type, wanted); rest != "" {
				return name + "." + rest
			}
		}
	}
	return ""
}

// document writes a configuration with one word at a path such as memorySwap.swapBehavior.
func document(api, kind, path, word string) []byte {
	text := fmt.Sprintf("apiVersion: %s\nkind: %s\n", api, kind)
	indent := ""
	for _, key := range strings.Split(path, ".") {
		text += indent + key + ":\n"
		indent += "  "
	}
	return []byte(strings.TrimSuffix(text, "\n") + " " + word + "\n")
}

func kubeletFaults(path, word string) int {
	_, codecs, err := kubeletscheme.NewSchemeAndCodecs()
	stop(err)
	text := document("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", path, word)
	decoded, _, err := codecs.UniversalDecoder().Decode(text, nil, nil)
	stop(err)
	gates := utilfeature.DefaultMutableFeatureGate.DeepCopy()
	stop(gates.SetFromMap(map[string]bool{"AllAlpha": true, "AllBeta": true}))
	return count(kubeletvalidation.ValidateKubeletConfiguration(decoded.(*kubeletconfig.KubeletConfiguration), featuregate.FeatureGate(gates)))
}

func proxyFaults(path, word string) int {
	text := document("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration", path, word)
	decoded, _, err := proxyscheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
	stop(err)
	return len(proxyvalidation.Validate(decoded.(*proxyconfig.KubeProxyConfiguration)))
}

// count is the number of faults in an error that gathers some.
func count(err error) int {
	if err == nil {
		return 0
	}
	if several, ok := err.(interface{ Errors() []error }); ok {
		return len(several.Errors())
	}
	return 1
}

func stop(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
