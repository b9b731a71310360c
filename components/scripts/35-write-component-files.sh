#!/usr/bin/env bash
# Writes the files that components of the control plane are given, before they are told of them. A component that reads
# them already is started anew; when it does not come up, it gets its former files back. With SECRETS_ENCRYPTION the
# machine makes the key of Secrets for itself, once. Files that are no longer declared stay until no component reads them.
# library: files.sh
: "${NODE_NAME:?name of the node}"
: "${FILES?files of components, in the form of write_files; empty: none}"
: "${SECRETS_ENCRYPTION:?true when Secrets are encrypted in etcd}"

kubernetes=/etc/kubernetes
components='kube-apiserver kube-controller-manager kube-scheduler'
key_file=$kubernetes/kube-apiserver/secrets-encryption.yaml
export KUBECONFIG=/etc/kubernetes/admin.conf

# Whoever lost the key of a running cluster lost its Secrets; another key would hide that.
make_key() {
  local key
  [[ $SECRETS_ENCRYPTION == true && ! -s $key_file ]] || return 0
  if grep -qsF "$key_file" "$kubernetes/manifests/kube-apiserver.yaml"; then
    fail "looking for the key of Secrets on $NODE_NAME: found no $key_file, with which the running cluster encrypted them; restore that file"
  fi
  key=$(head -c 32 /dev/urandom | base64 -w 0)
  write_file 0600 "$key_file" "apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: {keys: [{name: key1, secret: $key}]}
      - identity: {}"
}

# declared_sums COMPONENT: what its declared files are.
declared_sums() {
  # shellcheck disable=SC2034 # read_files sets them
  local path lines paths modes starts counts
  [[ -z $FILES ]] || read_files "$FILES"
  [[ $SECRETS_ENCRYPTION != true ]] || paths+=("$key_file")
  for path in "${paths[@]}"; do
    [[ $path != "$kubernetes/$1"/* ]] || sha256sum "$path"
  done
}
reads_files() { grep -qsF "$kubernetes/$1" "$kubernetes/manifests/$1.yaml"; }

# has_started COMPONENT STAMP: whether the pod that was started then is ready.
has_started() {
  local found
  if found=$(kubectl --namespace kube-system get pod "$1-$NODE_NAME" --request-timeout 5s \
    --output 'jsonpath={.metadata.annotations.kubelab\.dev/files-read} {.status.containerStatuses[0].ready}' 2>&1) &&
    [[ $found == "$2 true" ]]; then return 0; fi
  echo "found ${found:-nothing}, wanted $2 true; $(last_words "$1")"
  return 1
}

# keeps_ending COMPONENT SINCE: whether it ended more often since that moment, in ns, than a slow start explains. The
# kubelet keeps no more than the last container, with its count.
keeps_ending() {
  crictl ps --all --latest --name "^$1\$" --output json |
    awk -F '"' -v since="$2" '/"attempt"/ {gsub(/[^0-9]/, "", $3); attempt = $3} /"createdAt"/ {created = $4} END {exit !(attempt >= 3 && created > since)}'
}

# has_settled COMPONENT STAMP SINCE
has_settled() { has_started "$1" "$2" || keeps_ending "$1" "$3"; }

last_words() {
  local container
  container=$(crictl ps --all --quiet --latest --name "^$1\$")
  [[ -z $container ]] || crictl logs --tail 3 "$container" 2>&1
}

# restart COMPONENT STAMP: files are read when a component starts. Another pod in its place, as the kubelet would wait long
# before it starts one again that failed.
restart() {
  local manifest=$kubernetes/manifests/$1.yaml new
  # The kubelet takes no hidden file for a manifest.
  new=$(mktemp "$kubernetes/manifests/.$1.kubelab-XXXXXX")
  kubectl annotate --local --filename "$manifest" --overwrite "kubelab.dev/files-read=$2" --output yaml >"$new"
  put_in_place 0600 "$new" "$manifest"
}

main() {
  local component found found_last stamp since
  former=$(mktemp -d)
  changed=''
  for component in $components; do
    install -d -m 0700 "$kubernetes/$component"
    cp --archive "$kubernetes/$component" "$former"
  done
  make_key
  [[ -z $FILES ]] || write_files "$FILES"
  for component in $components; do
    found=$(declared_sums "$component")
    if is_applied "files-of-$component" "$found"; then continue; fi
    if reads_files "$component"; then
      say "starting $component on $NODE_NAME with its files"
      changed+=" $component"
      rm -f "/etc/kubelab/applied/files-of-$component"
      stamp=$(date --utc +%FT%T.%3NZ)
      since=$(date +%s%N)
      restart "$component" "$stamp"
      wait_until 180 "$component on $NODE_NAME to take its files" has_settled "$component" "$stamp" "$since"
      found_last=$(has_started "$component" "$stamp") ||
        fail "waiting for $component on $NODE_NAME to take its files: it ended three times; $found_last"
    fi
    mark_applied "files-of-$component" "$found"
  done
}

# A component that does not start takes the cluster away, and the engine, which keeps what was declared before a failure,
# would see no difference once the change is taken back.
at_exit() {
  local component
  [[ -n ${former:-} ]] || return 0
  if (($1 != 0)); then
    for component in $changed; do
      say "putting the former files of $component back on $NODE_NAME"
      rm -rf "${kubernetes:?}/$component"
      cp --archive "$former/$component" "$kubernetes/$component"
      restart "$component" "$(date --utc +%FT%T.%3NZ)" || true
    done
  fi
  rm -rf "$former"
}

main </dev/null
