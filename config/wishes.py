"""Keys that other tools have and kubelab does not: each with what to write or do instead. Pure facts.

Asked before a misspelling is guessed, in whatever spelling (`kube_version`, `kubeVersion`). Not here: choices that are
dead (config/retired.py). The words are those of inventories of kubespray and kubekey, of k0sctl, kcli, kubeadm, k3s,
cluster API templates and Vagrant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from config.problems import plain


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said of keys: `words` as they are mostly written, `by_plain` as they are compared."""

    words: Mapping[str, str]
    by_plain: Mapping[str, str]

    def answer(self, key: str) -> str | None:
        """What to do instead of writing `key`; None if nothing is known of it."""
        return self.by_plain.get(plain(key))


def by_word(answers: Mapping[str, str]) -> Wishes:
    """From words, separated by blanks, and their answer to each word's own."""
    words = {word: answer for together, answer in answers.items() for word in together.split()}
    return Wishes(MappingProxyType(words), MappingProxyType({plain(word): words[word] for word in words}))


def _write(what: str, where: str) -> str:
    return f"unknown key here; write {what} {where}"


_CLUSTER, _NODE, _SITE = "in kubelab:cluster", "at the node, below kubelab:nodes", "in the site file"
_IMAGE = _write("image (such as debian-13, or ova and sha256)", "in platform/vsphere of the site file, or at the node")
_REGISTRIES = _write(
    "mirrors/registries (a registry's name and the https:// URL that is asked in its place), or registries", _SITE
)
_POD_NETWORK = _write("podNetwork (plugin and version)", _CLUSTER)
_EACH_NODE = "kubelab counts no nodes; write each one by its name below kubelab:nodes, such as w1: {role: worker}"
_AFTERWARDS = (
    "kubelab ends at a cluster whose nodes are Ready; remove it, and apply what is to run there with kubectl or helm "
    "and the kubeconfig of `make kubeconfig`"
)
_NO_COMMANDS = "kubelab runs no commands of others on machines; remove it, and put what must be there into the image"
_IN_VCENTER = (
    "unknown key here; write datacenter, cluster or host, resourcePool and folder in platform/vsphere of the site "
    "file, where that is a vCenter"
)
_NO_POLICIES = "kubelab sets no policies of a vCenter; remove it"
_CARDS = _write("networks", f"{_NODE}, for cards besides the one on platform/vsphere/network of the site file")
_OWN_KEY = (
    "kubelab makes an ssh key of its own for each stack; remove it, and write public keys of yours as "
    "ssh/authorizedKeys in the site file"
)
_OWN_MACHINES = _write("platform/existing", f"{_SITE}, for machines that exist")
_SCHEDULABLE = _write("schedulable: true", f"{_NODE}, which then runs pods beside its control plane")
_KUBELET = _write("it below kubelet", "of kubelab:cluster or of a node")
_ARGUMENTS = _write("apiServer/extraArgs", f"{_CLUSTER}, and the files that they name as files")
_NO_PROXY = (
    "kubelab sets no proxy on machines; remove it, and write mirrors in the site file, from which machines fetch"
)

ANYWHERE: Wishes = by_word(
    {
        "kubeVersion k8sVersion kubernetes k8s version kubeadmVersion": _write("kubernetesVersion", _CLUSTER),
        "clusterName contextName": _write("name", _CLUSTER),
        """
        apiEndpoint apiIp apiVip vip virtualIp controlPlaneVip kubeVip loadBalancer loadBalancers lb
        loadbalancerApiserver apiserverLoadbalancerDomainName controlPlaneHost apiServerEndpoint haproxy keepalived
        externalAddress
        """: _write(
            "controlPlaneEndpoint", f"{_CLUSTER}, as host:port; the balancer or name behind it is yours to provide"
        ),
        "os osImage osType guestOs distro operatingSystem template vmTemplate box baseImage imageName ova iso": _IMAGE,
        """
        networkPlugin kubeNetworkPlugin cni cniPlugin calico cilium canal weave antrea kubeRouter kubeOvn
        networkProvider networking cniVersion
        """: _POD_NETWORK,
        "mtu backend backendType vxlan calicoMode": _write("it below podNetwork", _CLUSTER),
        "podCidr podNetworkCidr clusterCidr kubePodsSubnet kubePodsCidr podCidrs podSubnets": _write(
            "podSubnet", _CLUSTER
        ),
        """
        serviceCidr serviceNetworkCidr serviceClusterIpRange kubeServiceAddresses kubeServiceCidr serviceCidrs
        servicesSubnet
        """: _write("serviceSubnet", _CLUSTER),
        "clusterDomain domain domainName clusterDnsDomain": _write("dnsDomain", _CLUSTER),
        "dualStack ipv6 enableIpv6 enableDualStackNetworks ipFamily ipFamilies": (
            "kubelab builds clusters of IPv4 alone and no dual-stack ones yet; remove it"
        ),
        """
        imageRepository imageRegistry kubeImageRepo registry privateRegistry registryMirror registryMirrors
        containerdRegistries containerdRegistriesMirrors dockerRegistryMirrors
        """: _REGISTRIES,
        "insecureRegistry insecureRegistries dockerInsecureRegistries": (
            "kubelab asks registries by https alone; remove it, and write registries in the site file, with the caFile "
            "of the registry's authority"
        ),
        "proxy httpProxy httpsProxy noProxy proxyUrl": _NO_PROXY,
        "ntp ntpServer ntpServers ntpEnabled timeServers chrony timezone": (
            "kubelab sets no clocks; remove it, and let the image or the host's guest tools keep the machines' time"
        ),
        """
        ip ips ipAddress ipAddresses ip4 address staticIp staticAddress internalAddress privateAddress accessIp ipAddr
        """: _write("address", f"{_NODE}, and addresses/mode: static {_SITE}"),
        """
        gateway gateway4 defaultGateway netmask prefix subnet addresses dhcp4 nameServers nameServer dns dnsServers
        upstreamDnsServers resolvers searchDomains search
        """: _write("addresses (network; with mode: static also gateway, nameServers, searchDomains)", _SITE),
        "etcHosts manageEtcHosts manageHosts": _write("addresses/names: hosts", _SITE),
        "macAddress mac macAddr": _write("macAddress", _NODE),
        """
        nic nics netModel adapterType cardType networkAdapter networkAdapters networkInterfaces
        interfaces devices vlan vlanId networks secondNetwork networkName portGroup
        """: _CARDS,
        "disks extraDisks additionalDisks dataDisks volumes": _write("extraDisks (each with name and sizeGiB)", _NODE),
        "hardwareVersion hwVersion vmxVersion": _write("machine/hardwareVersion", f"{_SITE} or at the node"),
        "power powerState poweredOn": _write("power: off", f"{_NODE}, for a worker that is to rest"),
        "disk diskSize diskGB rootDisk rootDiskSize systemDisk": _write("machine/diskGiB", f"{_SITE} or at the node"),
        "memory memoryMB memoryGiB memoryGB ram mem": _write("machine/memoryMiB", f"{_SITE} or at the node"),
        "cpu numCpus vcpu vcpus cores coreCount": _write("machine/cpus", f"{_SITE} or at the node"),
        """
        workers workerCount numWorkers workerReplicas workerNodes workerMachineCount masters numMasters masterCount
        controlPlanes controlPlaneCount ctlplanes controllers controlPlaneMachineCount replicas count counts instances
        numInstances nodeCount nodePools pools machinePools machineDeployments nodeGroups machines vms
        """: _EACH_NODE,
        "hosts inventory existingMachines machineAddresses bastion": _OWN_MACHINES,
        "nodeLabels extraLabels kubeletNodeLabels labels": _write("labels", _NODE),
        "nodeTaints kubeletTaints registerWithTaints taints": _write("taints", _NODE),
        """
        noTaints noTaint untaint untainted removeTaint removeTaints untaintMaster untaintMasters taintControlPlane
        allowSchedulingOnControlPlane allowSchedulingOnControlPlanes allowSchedulingOnMasters schedulableMasters
        mastersSchedulable singleNode schedulable controlPlaneSchedulable
        """: _SCHEDULABLE,
        "roles group groups kubeRoles": _write(
            "role (controlPlane or worker)", f"{_NODE}; a control plane that runs pods too has schedulable: true"
        ),
        "keyPath sshKey sshKeys sshKeyPath privateKey privateKeyPath publicKey sshPublicKey sshPrivateKey": _OWN_KEY,
        "authorizedKeys sshAuthorizedKeys sshAuthorizedKey authorizedKey": _write("ssh/authorizedKeys", _SITE),
        "sshUser ansibleUser vmUser": _write("ssh/user", _SITE),
        """
        addon addons addonsConfig manifests manifest helm helmEnabled helmCharts charts extensions extraManifests
        ingress ingressNginx ingressController metallb metricsServer dashboard storage storageClass storageClasses csi
        localPathProvisioner nfs certManager argocd monitoring prometheus gitops operators
        """: _AFTERWARDS,
        "folder vmFolder resourcePool pool datacenter vcenter": _IN_VCENTER,
        "storagePolicy antiAffinity affinity drsRules": _NO_POLICIES,
        "datastoreCluster storagePod": _write("it as datastore", "in platform/vsphere of the site file"),
        "linkedClone cloneMode": _write("clone: linked", "in platform/vsphere of the site file"),
        "vmHost esxiHost esxi hypervisor": _write("host (the name of one of several targets of the site)", _NODE),
        """
        preCommands postCommands preKubeadmCommands postKubeadmCommands commands runcmd cmds hooks scripts script
        preInstall postInstall provision provisioners cloudInit userData ignition packages extraPackages aptPackages
        """: _NO_COMMANDS,
        "writeFiles extraFiles extraVolumes files": _write("files", f"{_NODE}, or at the component that reads them"),
        "audit auditLog auditPolicy kubernetesAudit auditing oidc oidcIssuerUrl encryption": _ARGUMENTS,
        "encryptSecretData encryptionConfig kubeEncryptSecretData secretsEncryption authenticationConfig": _ARGUMENTS,
        "certSANs apiServerCertSANs tlsSans supplementaryAddressesInSslKeys sans": _write(
            "apiServer/certSANs", _CLUSTER
        ),
        "extraArgs apiServerExtraArgs kubeApiserverExtraArgs": _write(
            "extraArgs below apiServer, or its like", _CLUSTER
        ),
        "featureGates kubeFeatureGates kubeletFeatureGates": _KUBELET,
        """
        kubeletConfig kubeletConfiguration kubeletExtraArgs kubeletArgs maxPods kubeletMaxPods evictionHard
        systemReserved kubeReserved failSwapOn cgroupDriver
        """: _KUBELET,
        "kubeProxyMode proxyMode": _write("kubeProxy/mode", _CLUSTER),
        "kubeProxyConfig kubeProxyConfiguration kubeProxyReplacement skipKubeProxy": _write("kubeProxy", _CLUSTER),
        "containerManager containerRuntime cri criType runtimeType": _write("runtime", f"{_CLUSTER} or at the node"),
        "handler runtimeClass kata gvisor runsc": _write("handlers: [gvisor]", f"{_CLUSTER} or at the node"),
        "criSocket containerRuntimeEndpoint": "kubelab sets it by the node's runtime; remove it",
        "containerdVersion dockerVersion crioVersion criDockerdVersion": _write("runtimeVersions", _CLUSTER),
        "cloudProvider externalCloudProvider cloudConfig": "kubelab brings no cloud provider; remove it",
        "externalEtcd etcdEndpoints etcdDeploymentType": "kubelab runs etcd on the control plane itself; remove it",
        "swap swapEnabled sysctl sysctls kernelModules modules": (
            "kubelab prepares machines for kubelets itself, without swap; remove it"
        ),
        "kubeconfig kubeconfigPath": "kubelab gives the kubeconfig as an output: remove it and run `make kubeconfig`",
        "apiVersion kind metadata spec all children vars": (
            "kubelab reads no file of another tool; write a stack as in stacks/ and a site as stacks/site.example.yaml"
        ),
    }
)
"""Wishes that mean the same wherever they stand."""

CLUSTER: Wishes = by_word({"network": _POD_NETWORK})

NODE: Wishes = by_word(
    {
        "name hostname nodeName": "a node's name is its key below kubelab:nodes; remove it",
        "ssh": _OWN_MACHINES,
        "network networkInterface": _CARDS,
        "type": _write("role (controlPlane or worker)", _NODE),
    }
)

SITE: Wishes = by_word(
    {
        "network": _write("addresses/network, the network of the machines", _SITE),
        "vsphere esxi esx": _write("platform/vsphere", _SITE),
        "cluster nodes": (
            "a site file says where labs are built; write it in a stack file, as kubelab:cluster or kubelab:nodes"
        ),
    }
)

SSH: Wishes = by_word(
    {"address host port": _OWN_MACHINES, "username login": "unknown key here; write user", "keys": _OWN_KEY}
)

MIRRORS: Wishes = by_word({"insecure": "kubelab asks mirrors by https alone; write their caFile and remove it"})
NOWHERE: Wishes = by_word({})
POD_NETWORKS: tuple[str, ...] = (
    *("antrea", "calico", "canal", "cilium", "cni", "custom_cni", "kindnet", "kube-ovn", "kube-router", "kuberouter"),
    *("macvlan", "multus", "none", "ovn-kubernetes", "weave", "weave-net", "custom"),
)
"""Words of other tools for pod networks that kubelab cannot apply yet."""

ROLES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("master", "controller", "server", "etcd", "init"), "wanted: controlPlane"),
        **dict.fromkeys(("node", "agent", "minion", "kube_node"), "wanted: worker"),
        **dict.fromkeys(
            ("controller+worker", "single", "all", "both"),
            "wanted: controlPlane, with schedulable: true beside it, so that it runs pods too",
        ),
    }
)
"""Words of other tools for the role of a node."""
