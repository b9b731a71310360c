"""The versions that the mirror offers; go.mod files pin the same ones (a test compares them)."""

KUBERNETES = "1.36.3"
KUBERNETES_BUILD_DATE = "2026-07-22T18:07:38Z"  # of the module's version, as the module proxy gives it
CONTAINERD = "2.3.4"
RUNC = "1.4.3"
CRI_TOOLS = "1.36.0"
CNI_PLUGINS = "1.9.1"
FLANNEL = "0.28.9"
FLANNEL_CNI_PLUGIN_SOURCE = "0.9.1"  # the last release of the CNI plugins with flannel's own among them
ETCD = "3.6.8"
COREDNS = "1.14.2"
COREDNS_COMMIT = "dd1df4f"
PAUSE = "3.10.2"
REGISTRY = "2.8.2"  # of Debian's docker-registry
CRI_O = "1.36.3"
DOCKER = "20.10.24"  # of Debian's docker.io
CONMON = "2.1.6"  # of Debian's conmon
CRI_DOCKERD = "0.4.4"
CRI_DOCKERD_COMMIT = "98c4823"
GVISOR = "0.0.0-20260905035102-160fafc42237"  # of its branch for Go, which has no releases
GVISOR_RELEASE = "20260928.0"  # in whose place the mirror has that
KATA = ("4.2.0", "4.1.0")  # in whose places the mirror has stand-ins
BUSYBOX = "1.35.0"  # of Debian's busybox-static

KUBERNETES_MINOR = ".".join(KUBERNETES.split(".")[:2])
CRI_O_MINOR = ".".join(CRI_O.split(".")[:2])
AGNHOST = "2.63.0"  # test/images/agnhost/VERSION of this Kubernetes version
FLANNEL_MANIFEST_SHA256 = "e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0"
FLANNEL_CNI_PLUGIN = "1.9.1-flannel3"  # as flannel's manifest names it
