// Command etcd is the etcd server, as its own repository builds it: that main package cannot be required
// from another module because of its replace directives.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
