// Command descriptors prints the protobuf descriptors that Velero, go-plugin and gRPC's health service were really
// built with, as a google.protobuf.FileDescriptorSet in JSON: what test/proto.test.ts holds our .proto files to.
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "github.com/hashicorp/go-plugin"
	_ "github.com/vmware-tanzu/velero/pkg/plugin/generated"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	_ "google.golang.org/grpc/health/grpc_health_v1"
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	wanted := map[protoreflect.FullName]bool{
		"generated": true, "plugin": true, "grpc.health.v1": true, "google.rpc": true, "google.protobuf": true,
	}
	set := &descriptorpb.FileDescriptorSet{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if wanted[file.Package()] {
			set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
		}
		return true
	})
	text, err := protojson.Marshal(set)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
