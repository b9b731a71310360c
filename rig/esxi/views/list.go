// Package views has what the simulator's views lack.
package views

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// List is a list view that may change while its objects are waited for. The simulator's own holds its lock while
// it tells the property filters, and a filter holds its lock while it reads the view: two at once would wait forever.
type List struct{ *simulator.ListView }

// Lock and Unlock have the simulator call a method without the view's lock.
func (*List) Lock()   {}
func (*List) Unlock() {}

// ModifyListView answers which of the added objects are not there; unlike the simulator's own, it leaves them out.
func (v *List) ModifyListView(ctx *simulator.Context, req *types.ModifyListView) soap.HasFault {
	body := &methods.ModifyListViewBody{Res: new(types.ModifyListViewResponse)}
	var view []types.ManagedObjectReference
	ctx.Map.WithLock(ctx, v.ListView, func() {
		view = slices.DeleteFunc(slices.Clone(v.View), func(ref types.ManagedObjectReference) bool {
			return slices.Contains(req.Remove, ref)
		})
		for _, ref := range req.Add {
			if ctx.Session.Get(ref) == nil {
				body.Res.Returnval = append(body.Res.Returnval, ref)
			} else if !slices.Contains(view, ref) {
				view = append(view, ref)
			}
		}
		v.View = view
	})
	if len(req.Add)+len(req.Remove) > 0 {
		ctx.Update(v.ListView, []types.PropertyChange{{Name: "view", Val: view}})
	}
	return body
}
