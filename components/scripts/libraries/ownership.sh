# shellcheck shell=bash
# The mark by which kubelab knows a machine as its own, before anything else is put there.
# library: files.sh

# claim_node DOING: DOING is what it is in the way of, before the node's name. What is put on a machine whose reset did
# not finish would go with its next run, unseen by the engine.
claim_node() {
  [[ ! -f /etc/kubelab/reset-unfinished ]] ||
    fail "$1 $NODE_NAME: found a reset that did not finish; set onRuntimeChange: resetNode until it did, or run: pulumi up --replace '**:index:*Machine::$NODE_NAME'"
  write_file 0644 /etc/kubelab/node "$NODE_NAME"
}
