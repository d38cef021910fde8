package main

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"sync"
)

// Azure's CRC-64: polynomial 0x9a6c9329ac4bc9b5 in reflected form (CRC-64/NVME), sent as eight little-endian
// bytes in base64. Source: https://learn.microsoft.com/rest/api/storageservices/put-block, x-ms-content-crc64.
var azureCRC64 = crc64.MakeTable(0x9a6c9329ac4bc9b5)

func crc64Base64(sum uint64) string {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], sum)
	return base64.StdEncoding.EncodeToString(b[:])
}

// The content of bytes that were not kept: this pattern over and over, by offset within the blob. It is the one that
// test/go/velero/host puts and expects in its bench, so that a get of what it put is right with no byte of it kept.
var pattern = makePattern(1_048_573)

func makePattern(length int) []byte {
	made := make([]byte, length)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(made)
	return made
}

// A piece of content: real bytes, or only their number.
type piece struct {
	size int64
	data []byte // nil: not kept
}

// eachSlice hands out n of the piece's bytes from offset on, in slices that must not be changed. The piece begins at
// start of its blob.
func (p piece) eachSlice(start, offset, n int64, visit func([]byte) error) error {
	if p.data != nil {
		return visit(p.data[offset : offset+n])
	}
	for n > 0 {
		from := (start + offset) % int64(len(pattern))
		chunk := min(n, int64(len(pattern))-from)
		if err := visit(pattern[from : from+chunk]); err != nil {
			return err
		}
		offset += chunk
		n -= chunk
	}
	return nil
}

func bodyMD5(data []byte) string {
	sum := md5.Sum(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func bodyCRC64(data []byte) string { return crc64Base64(crc64.Checksum(data, azureCRC64)) }

var scratchBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// readBody takes a body of a known length off the connection. With keep false the bytes are dropped as they come.
func readBody(body io.Reader, size int64, keep bool) (piece, error) {
	if keep {
		data := make([]byte, size)
		if _, err := io.ReadFull(body, data); err != nil {
			return piece{}, err
		}
		return piece{size, data}, nil
	}
	buffer := scratchBuffers.Get().(*[]byte)
	defer scratchBuffers.Put(buffer)
	var got int64
	for got < size {
		n, err := body.Read(*buffer)
		got += int64(n)
		if err != nil && got < size {
			return piece{}, err
		}
	}
	return piece{size: size}, nil
}
