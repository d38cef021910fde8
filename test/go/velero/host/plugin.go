package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	hcplugin "github.com/hashicorp/go-plugin"
	"github.com/sirupsen/logrus"
	"google.golang.org/grpc"

	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
	biav2 "github.com/vmware-tanzu/velero/pkg/plugin/framework/backupitemaction/v2"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework/common"
	ibav1 "github.com/vmware-tanzu/velero/pkg/plugin/framework/itemblockaction/v1"
	riav2 "github.com/vmware-tanzu/velero/pkg/plugin/framework/restoreitemaction/v2"
)

type startRequest struct {
	Path string   `json:"path"`
	Args []string `json:"args"`
	// Laid over the host's own environment; null takes a variable away.
	Env map[string]*string `json:"env"`
	Dir string             `json:"dir"`
	// Runs the process as this user and group, with no others; takes root.
	UID *uint32 `json:"uid"`
}

type started struct {
	ID  string `json:"id"`
	PID int    `json:"pid"`
	// From just before the process is started until ListPlugins is answered.
	StartMilliseconds float64      `json:"startMilliseconds"`
	Plugins           []identifier `json:"plugins"`
}

type identifier struct {
	Command string `json:"command"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
}

type plugin struct {
	client   *hcplugin.Client
	protocol hcplugin.ClientProtocol
	command  *exec.Cmd
	stderr   *lockedBuffer
	log      *lockedBuffer
	contexts contextSlot

	mu        sync.Mutex
	dispensed map[string]common.ClientDispenser
}

// startPlugin does what Velero's registry does with a file of its plugin folder: start, dial, list.
func startPlugin(ask startRequest) (*plugin, *started, error) {
	p := &plugin{stderr: &lockedBuffer{}, log: &lockedBuffer{}, dispensed: map[string]common.ClientDispenser{}}
	p.command = exec.CommandContext(context.Background(), ask.Path, ask.Args...)
	p.command.Dir = ask.Dir
	p.command.Env = environment(ask.Env)
	if ask.UID != nil {
		p.command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: *ask.UID, Gid: *ask.UID}}
	}
	p.client = hcplugin.NewClient(p.clientConfig())

	begun := time.Now()
	protocol, err := p.client.Client()
	if err != nil {
		p.client.Kill()
		return p, nil, err
	}
	p.protocol = protocol
	identifiers, err := p.list()
	if err != nil {
		p.client.Kill()
		return p, nil, err
	}
	milliseconds := float64(time.Since(begun).Microseconds()) / 1000
	return p, &started{PID: p.command.Process.Pid, StartMilliseconds: milliseconds, Plugins: identifiers}, nil
}

// clientConfig is that of Velero's clientBuilder, but for the logger, the environment (Velero's plugin inherits all of
// the server's) and the interceptors, which a request needs in order to be cancelled at all.
func (p *plugin) clientConfig() *hcplugin.ClientConfig {
	logger := logrus.New()
	logger.SetOutput(p.log)
	with := common.ClientLogger(logger)
	return &hcplugin.ClientConfig{
		HandshakeConfig:  framework.Handshake(),
		AllowedProtocols: []hcplugin.Protocol{hcplugin.ProtocolGRPC},
		Plugins: map[string]hcplugin.Plugin{
			string(common.PluginKindBackupItemAction):    framework.NewBackupItemActionPlugin(with),
			string(common.PluginKindBackupItemActionV2):  biav2.NewBackupItemActionPlugin(with),
			string(common.PluginKindVolumeSnapshotter):   framework.NewVolumeSnapshotterPlugin(with),
			string(common.PluginKindObjectStore):         framework.NewObjectStorePlugin(with),
			string(common.PluginKindPluginLister):        &framework.PluginListerPlugin{},
			string(common.PluginKindRestoreItemAction):   framework.NewRestoreItemActionPlugin(with),
			string(common.PluginKindRestoreItemActionV2): riav2.NewRestoreItemActionPlugin(with),
			string(common.PluginKindDeleteItemAction):    framework.NewDeleteItemActionPlugin(with),
			string(common.PluginKindItemBlockAction):     ibav1.NewItemBlockActionPlugin(with),
		},
		Logger: hclog.New(&hclog.LoggerOptions{
			Level: hclog.Trace, Output: p.log, JSONFormat: true, Name: "host",
		}),
		Cmd:         p.command,
		SkipHostEnv: true,
		Stderr:      p.stderr,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithUnaryInterceptor(p.contexts.interceptUnary),
			grpc.WithStreamInterceptor(p.contexts.interceptStream),
		},
	}
}

func (p *plugin) list() ([]identifier, error) {
	dispensed, err := p.protocol.Dispense(string(common.PluginKindPluginLister))
	if err != nil {
		return nil, err
	}
	listed, err := dispensed.(framework.PluginLister).ListPlugins()
	if err != nil {
		return nil, err
	}
	identifiers := make([]identifier, 0, len(listed))
	for _, one := range listed {
		identifiers = append(identifiers, identifier{one.Command, string(one.Kind), one.Name})
	}
	return identifiers, nil
}

// clientFor answers the framework's client for one plugin of the process, as Velero's process.dispense does.
func (p *plugin) clientFor(kind common.PluginKind, name string) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dispenser, found := p.dispensed[string(kind)]
	if !found {
		dispensed, err := p.protocol.Dispense(string(kind))
		if err != nil {
			return nil, err
		}
		dispenser = dispensed.(common.ClientDispenser)
		p.dispensed[string(kind)] = dispenser
	}
	return dispenser.ClientFor(name), nil
}

func (p *plugin) health(*http.Request) (any, error) {
	return map[string]bool{"exited": p.client.Exited()}, p.protocol.Ping()
}

type ended struct {
	Milliseconds float64 `json:"milliseconds"`
	// As Go prints a process state: "exit status 0", "signal: killed".
	State string `json:"state"`
	// Whether go-plugin had to kill the process because it did not end within 2 s of Shutdown.
	Killed bool `json:"killed"`
}

// kill ends the process the way Velero does when it is done with it.
func (p *plugin) kill() ended {
	begun := time.Now()
	p.client.Kill()
	milliseconds := float64(time.Since(begun).Microseconds()) / 1000
	for range 500 {
		if p.client.Exited() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	state := "running"
	if p.client.Exited() && p.command.ProcessState != nil {
		state = p.command.ProcessState.String()
	}
	return ended{milliseconds, state, state == "signal: killed"}
}

// serveStderr answers every byte that the process wrote to its standard error.
func (p *plugin) serveStderr(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(p.stderr.Bytes())
}

// serveLog answers go-plugin's log, in which each hclog line of the plugin appears as the host understood it.
func (p *plugin) serveLog(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(p.log.Bytes()) }

func environment(changes map[string]*string) []string {
	var kept []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if _, changed := changes[name]; !changed {
			kept = append(kept, entry)
		}
	}
	for name, value := range changes {
		if value != nil {
			kept = append(kept, name+"="+*value)
		}
	}
	return kept
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buffer.Bytes())
}

func (b *lockedBuffer) String() string { return string(b.Bytes()) }
