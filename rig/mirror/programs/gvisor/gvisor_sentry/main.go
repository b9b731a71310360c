// Command gvisor_sentry is the sandbox's kernel as a program of its own, as upstream's releases have it beside runsc:
// runsc boots sandboxes by it. Upstream's branch for Go has every part of it and no main package.
package main

import (
	"gvisor.dev/gvisor/runsc/cli"
	"gvisor.dev/gvisor/runsc/cmd/sentry/sentrycmd"
	"gvisor.dev/gvisor/runsc/cmd/util"
	"gvisor.dev/gvisor/runsc/gvisorbinaries"
)

func main() {
	commands := map[util.SubCommand]string{
		new(sentrycmd.Boot):   "",
		new(sentrycmd.Umount): "",
	}
	cli.Run(&gvisorbinaries.GvisorSentry, commands, nil)
}
