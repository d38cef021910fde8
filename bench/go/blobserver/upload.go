package main

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
)

const (
	maxPutBlob = 5000 << 20
	maxBlock   = 4000 << 20
)

// body reads the request's body and, where asked, verifies the checksums sent with it.
func (c *call) body(limit int64, keepAlways bool) (piece, *problem) {
	size := c.r.ContentLength
	if size < 0 {
		return piece{}, errMissingLength
	}
	if size > limit {
		return piece{}, errTooLarge
	}
	if c.r.Header.Get("x-ms-structured-body") != "" {
		return piece{}, errStructuredBody
	}
	flip := c.fault.is("flip-upload")
	keep := keepAlways || size <= c.keepUpTo.Load()
	wantMD5, wantCRC := c.r.Header.Get("Content-MD5"), c.r.Header.Get("x-ms-content-crc64")
	verify := c.verify.Load() && (wantMD5 != "" || wantCRC != "")
	p, err := readBody(c.r.Body, size, keep || verify || flip)
	if err != nil {
		c.cut()
	}
	c.bytesIn += size
	if flip && size > 0 {
		p.data[c.fault.offset(size)] ^= 0x01
	}
	if verify {
		if wantMD5 != "" && wantMD5 != bodyMD5(p.data) {
			return piece{}, errMD5Mismatch
		}
		if wantCRC != "" && wantCRC != bodyCRC64(p.data) {
			return piece{}, errCRC64Mismatch
		}
	}
	if wantMD5 != "" {
		c.w.Header().Set("Content-MD5", wantMD5)
	}
	if wantCRC != "" {
		c.w.Header().Set("x-ms-content-crc64", wantCRC)
	}
	if !keep {
		p.data = nil
	}
	return p, nil
}

// keptHeaders are those of an upload that GET and HEAD give back.
func keptHeaders(h http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range h {
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(lower, "x-ms-meta-"):
			kept[name] = strings.Join(values, ",")
		case strings.HasPrefix(lower, "x-ms-blob-content-"), lower == "x-ms-blob-cache-control":
			kept[http.CanonicalHeaderKey(strings.TrimPrefix(lower, "x-ms-blob-"))] = values[0]
		case lower == "content-type":
			if kept["Content-Type"] == "" {
				kept["Content-Type"] = values[0]
			}
		}
	}
	if kept["Content-Type"] == "" {
		kept["Content-Type"] = "application/octet-stream"
	}
	return kept
}

func (c *call) putBlob() {
	if kind := c.r.Header.Get("x-ms-blob-type"); kind != "BlockBlob" {
		c.fail(errUnsupported)
		return
	}
	p, bad := c.body(maxPutBlob, false)
	if bad != nil {
		c.fail(bad)
		return
	}
	b := &blob{size: p.size, headers: keptHeaders(c.r.Header)}
	if sum := c.r.Header.Get("Content-MD5"); sum != "" && b.headers["Content-Md5"] == "" {
		b.headers["Content-Md5"] = sum
	}
	if p.size > 0 {
		b.pieces = []piece{p}
	}
	c.stored(b, c.store.put(c.container, c.key, b, c.conditions()))
}

func (c *call) putBlock() {
	id := c.r.URL.Query().Get("blockid")
	if raw, err := base64.StdEncoding.DecodeString(id); err != nil || id == "" || len(raw) > 64 {
		c.fail(errInvalidBlockID)
		return
	}
	p, bad := c.body(maxBlock, false)
	if bad != nil {
		c.fail(bad)
		return
	}
	c.reply(c.store.putBlock(c.container, c.key, id, p), http.StatusCreated)
}

type blockList struct {
	IDs []struct {
		XMLName xml.Name
		ID      string `xml:",chardata"`
	} `xml:",any"`
}

func (c *call) putBlockList() {
	p, bad := c.body(64<<20, true)
	if bad != nil {
		c.fail(bad)
		return
	}
	var list blockList
	if err := xml.Unmarshal(p.data, &list); err != nil {
		c.fail(errInvalidXML)
		return
	}
	if len(list.IDs) > 50_000 {
		c.fail(errBlockListTooLong)
		return
	}
	ids := make([]string, len(list.IDs))
	for i, b := range list.IDs {
		ids[i] = strings.TrimSpace(b.ID)
	}
	headers := keptHeaders(c.r.Header)
	// The Content-Type of this request is that of its XML.
	headers["Content-Type"] = "application/octet-stream"
	if kind := c.r.Header.Get("x-ms-blob-content-type"); kind != "" {
		headers["Content-Type"] = kind
	}
	b, bad := c.store.commit(c.container, c.key, ids, headers, c.conditions())
	c.stored(b, bad)
}

func (c *call) stored(b *blob, bad *problem) {
	if bad == nil {
		c.w.Header().Set("ETag", b.etag)
		c.w.Header().Set("Last-Modified", httpTime(b.modified))
		c.w.Header().Set("x-ms-request-server-encrypted", "true")
	}
	c.reply(bad, http.StatusCreated)
}
