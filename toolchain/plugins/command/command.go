package main

import (
	"context"

	"kubelab/toolchain/plugins/command/transport"

	"google.golang.org/protobuf/types/known/structpb"
)

// command holds the properties, inputs and outputs, of the resource.
type command struct {
	Create      *string           `json:"create"`
	Update      *string           `json:"update"`
	Delete      *string           `json:"delete"`
	Stdin       string            `json:"stdin"`
	Environment map[string]string `json:"environment"`
	Logging     string            `json:"logging"`
	AddPrevious *bool             `json:"addPreviousOutputInEnv"`
	Stdout      string            `json:"stdout"`
	Stderr      string            `json:"stderr"`

	Connection transport.Connection `json:"connection"`
}

// change is a creation, or an update when there is an old state.
type change struct {
	inputs, old *structpb.Struct
	preview     bool
}

// apply makes the change and returns the resource's new state. A preview touches nothing.
func apply(ctx context.Context, log logger, c change) (*structpb.Struct, error) {
	state := copyOf(c.inputs)
	if c.preview {
		previewOutputs(c, state)
		return state, nil
	}
	var cmd command
	if err := decode(c.inputs, &cmd); err != nil {
		return nil, err
	}
	if err := cmd.recall(c.old); err != nil {
		return nil, err
	}
	if text := cmd.textFor(c.old != nil); text != nil {
		outputs, err := cmd.run(ctx, log, *text)
		if err != nil {
			return nil, err
		}
		for name, value := range outputs {
			state.Fields[name] = value
		}
		return state, nil
	}
	keepOutputs(c, state)
	return state, nil
}

// remove runs the delete command, if there is one.
func remove(ctx context.Context, log logger, state *structpb.Struct) error {
	var cmd command
	if err := decode(state, &cmd); err != nil {
		return err
	}
	if cmd.Delete == nil {
		return nil
	}
	_, err := cmd.run(ctx, log, *cmd.Delete)
	return err
}

// textFor chooses what to run: an update falls back to create.
func (c *command) textFor(update bool) *string {
	if update && c.Update != nil {
		return c.Update
	}
	return c.Create
}

// recall takes the outputs of the run before from the old state, if there is one.
func (c *command) recall(old *structpb.Struct) error {
	if old == nil {
		return nil
	}
	var before command
	if err := decode(old, &before); err != nil {
		return err
	}
	c.Stdout, c.Stderr = before.Stdout, before.Stderr
	return nil
}

// previousOutput is what the run before printed, as environment variables.
func (c *command) previousOutput() map[string]string {
	previous := map[string]string{}
	if c.AddPrevious != nil && !*c.AddPrevious {
		return previous
	}
	for name, value := range map[string]string{"PULUMI_COMMAND_STDOUT": c.Stdout, "PULUMI_COMMAND_STDERR": c.Stderr} {
		if value != "" {
			previous[name] = value
		}
	}
	return previous
}
