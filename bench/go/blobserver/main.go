// blobserver is the part of Azure Blob Storage that a Velero plugin uses, in memory, cheap in processor time, for
// benches and for tests that need what Azurite lacks: checksums that are verified, faults on demand, counters.
// It checks no signatures. bench/README.md says more; control.go has the control API.
package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	controlListen := flag.String("control", "127.0.0.1:0", "address of the control API, always plain http")
	accounts := flag.String("accounts", "benchaccount", "storage accounts that exist, separated by commas")
	containers := flag.String("containers", "", "containers that every account has at the start, separated by commas")
	keep := flag.String("keep", "all", "bodies whose bytes are kept: all, none, or those of at most this many bytes")
	verify := flag.Bool("verify", false, "verify Content-MD5 and x-ms-content-crc64 of uploads, as Azure does")
	certFile := flag.String("cert", "", "PEM certificate: serve https")
	keyFile := flag.String("key", "", "PEM key of --cert")
	untilStdin := flag.Bool("until-stdin-closes", false, "end when stdin is closed, so that no server outlives its owner")
	flag.Parse()
	if err := run(*listen, *controlListen, *accounts, *containers, *keep, *verify, *certFile, *keyFile, *untilStdin); err != nil {
		fmt.Fprintln(os.Stderr, "blobserver:", err)
		os.Exit(1)
	}
}

func run(listen, controlListen, accounts, containers, keep string, verify bool, certFile, keyFile string, untilStdin bool) error {
	keepUpTo, err := parseKeep(keep)
	if err != nil {
		return err
	}
	s := newServer(strings.Split(accounts, ","), keepUpTo, verify)
	for _, account := range strings.Split(accounts, ",") {
		for _, name := range strings.Split(containers, ",") {
			if name != "" {
				s.store.createContainer(account + "/" + name)
			}
		}
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	controlListener, err := net.Listen("tcp", controlListen)
	if err != nil {
		return err
	}
	addresses := map[string]string{"address": listener.Addr().String(), "control": controlListener.Addr().String()}
	go func() { _ = http.Serve(controlListener, http.HandlerFunc(s.control)) }()
	server := &http.Server{Handler: s, ConnState: s.stats.connectionState}
	if certFile != "" {
		certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return err
		}
		// Azure speaks HTTP/1.1 only.
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
		})
	}
	if untilStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func parseKeep(text string) (int64, error) {
	switch text {
	case "all":
		return math.MaxInt64, nil
	case "none":
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("cannot read --keep %q: want all, none or a number of bytes", text)
	}
	return n, nil
}
