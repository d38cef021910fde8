package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/vmware-tanzu/velero/pkg/plugin/framework/common"
	vsv1 "github.com/vmware-tanzu/velero/pkg/plugin/velero/volumesnapshotter/v1"
)

type volumeRequest struct {
	SnapshotID       string            `json:"snapshotID"`
	VolumeID         string            `json:"volumeID"`
	VolumeType       string            `json:"volumeType"`
	VolumeAZ         string            `json:"volumeAZ"`
	IOPS             *int64            `json:"iops"`
	Tags             map[string]string `json:"tags"`
	PersistentVolume map[string]any    `json:"persistentVolume"`
}

// volumeCall runs one call of the framework's VolumeSnapshotter, named by the path as the RPC is.
func (p *plugin) volumeCall(r *http.Request) (any, error) {
	var ask volumeRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, err
	}
	client, err := p.clientFor(common.PluginKindVolumeSnapshotter, nameOf(r))
	if err != nil {
		return nil, err
	}
	call, found := volumeCalls[r.PathValue("call")]
	if !found {
		return nil, fmt.Errorf("no volume call %q", r.PathValue("call"))
	}
	var result map[string]any
	p.contexts.with(r.Context(), func() { result, err = call(client.(vsv1.VolumeSnapshotter), ask) })
	return result, err
}

var volumeCalls = map[string]func(vsv1.VolumeSnapshotter, volumeRequest) (map[string]any, error){
	"CreateVolumeFromSnapshot": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		id, err := s.CreateVolumeFromSnapshot(ask.SnapshotID, ask.VolumeType, ask.VolumeAZ, ask.IOPS)
		return map[string]any{"volumeID": id}, err
	},
	"GetVolumeInfo": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		kind, iops, err := s.GetVolumeInfo(ask.VolumeID, ask.VolumeAZ)
		return map[string]any{"volumeType": kind, "iops": iops}, err
	},
	"CreateSnapshot": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		id, err := s.CreateSnapshot(ask.VolumeID, ask.VolumeAZ, ask.Tags)
		return map[string]any{"snapshotID": id}, err
	},
	"DeleteSnapshot": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		return map[string]any{}, s.DeleteSnapshot(ask.SnapshotID)
	},
	"GetVolumeID": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		id, err := s.GetVolumeID(&unstructured.Unstructured{Object: ask.PersistentVolume})
		return map[string]any{"volumeID": id}, err
	},
	"SetVolumeID": func(s vsv1.VolumeSnapshotter, ask volumeRequest) (map[string]any, error) {
		volume, err := s.SetVolumeID(&unstructured.Unstructured{Object: ask.PersistentVolume}, ask.VolumeID)
		if err != nil {
			return nil, err
		}
		return map[string]any{"persistentVolume": volume.UnstructuredContent()}, nil
	},
}
