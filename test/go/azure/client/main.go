// Command client does with Azure's own SDK for Go what the orders on stdin say, one JSON object a line, and answers
// each with one on stdout. The same orders go to the Python client beside it; test/sdk/order.ts describes them.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// One hung request must not hang a test run.
const patience = 90 * time.Second

type order struct {
	Do      string   `json:"do"`
	SignIn  *signIn  `json:"signIn"`
	Cloud   cloudOf  `json:"cloud"`
	Retries *retries `json:"retries"`
	// What the operation wants to know; each has its own fields.
	With json.RawMessage `json:"with"`
}

type retries struct {
	Max          int32 `json:"max"`
	DelaySeconds int   `json:"delaySeconds"`
}

type operation func(ctx context.Context, o order) (any, error)

var operations = map[string]operation{
	"token":                     token,
	"container.create":          createContainer,
	"blob.put":                  putBlob,
	"blob.putBlocks":            putBlocks,
	"blob.get":                  getBlob,
	"blob.list":                 listBlobs,
	"blob.delete":               deleteBlob,
	"blob.properties":           blobProperties,
	"sas.account":               accountSAS,
	"sas.service":               serviceSAS,
	"sas.delegation":            delegationSAS,
	"subscriptions.list":        listSubscriptions,
	"groups.list":               listGroups,
	"groups.create":             createGroup,
	"groups.get":                getGroup,
	"groups.delete":             deleteGroup,
	"accounts.create":           createAccount,
	"accounts.get":              getAccount,
	"accounts.update":           updateAccount,
	"accounts.delete":           deleteAccount,
	"accounts.keys":             listKeys,
	"accounts.regenerate":       regenerateKey,
	"roleDefinitions.list":      listRoleDefinitions,
	"roleAssignments.create":    createRoleAssignment,
	"roleAssignments.list":      listRoleAssignments,
	"roleAssignments.delete":    deleteRoleAssignment,
	"identities.create":         createIdentity,
	"identities.get":            getIdentity,
	"identities.delete":         deleteIdentity,
	"federations.create":        createFederation,
	"federations.list":          listFederations,
	"federations.delete":        deleteFederation,
	"disks.create":              createDisk,
	"disks.get":                 getDisk,
	"disks.update":              updateDisk,
	"disks.delete":              deleteDisk,
	"disks.list":                listDisks,
	"disks.grant":               grantDisk,
	"disks.revoke":              revokeDisk,
	"snapshots.create":          createSnapshot,
	"snapshots.get":             getSnapshot,
	"snapshots.update":          updateSnapshot,
	"snapshots.delete":          deleteSnapshot,
	"snapshots.list":            listSnapshots,
	"snapshots.grant":           grantSnapshot,
	"snapshots.revoke":          revokeSnapshot,
	"diskEncryptionSets.create": createEncryptionSet,
	"diskEncryptionSets.get":    getEncryptionSet,
	"diskEncryptionSets.update": updateEncryptionSet,
	"diskEncryptionSets.delete": deleteEncryptionSet,
	"diskEncryptionSets.list":   listEncryptionSets,
	"diskAccesses.create":       createDiskAccess,
	"diskAccesses.get":          getDiskAccess,
	"diskAccesses.update":       updateDiskAccess,
	"diskAccesses.delete":       deleteDiskAccess,
	"diskAccesses.list":         listDiskAccesses,
	"skus.list":                 listSKUs,
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := answers.Encode(carryOut(lines.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func carryOut(line []byte) map[string]any {
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return failure(err)
	}
	do, known := operations[o.Do]
	if !known {
		return failure(fmt.Errorf("no operation is called %q", o.Do))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result, err := do(ctx, o)
	if err != nil {
		return failure(err)
	}
	return map[string]any{"result": result}
}

// wants decodes what the order's operation needs.
func wants[T any](o order) (T, error) {
	var with T
	if len(o.With) == 0 {
		return with, nil
	}
	err := json.Unmarshal(o.With, &with)
	return with, err
}
