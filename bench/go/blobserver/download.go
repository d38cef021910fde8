package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

var errCutHere = errors.New("the fault cuts here")

func rangeHeader(r *http.Request) string {
	if v := r.Header.Get("x-ms-range"); v != "" {
		return v
	}
	return r.Header.Get("Range")
}

// parseRange reads "bytes=first-" and "bytes=first-last"; ok is false when there is no range to heed.
func parseRange(text string, size int64) (offset, length int64, ok bool, p *problem) {
	spec, found := strings.CutPrefix(text, "bytes=")
	if !found {
		return 0, size, false, nil
	}
	from, to, found := strings.Cut(spec, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil || !found {
		return 0, size, false, nil
	}
	if first >= size {
		return 0, 0, false, errInvalidRange
	}
	last := size - 1
	if to != "" {
		if last, err = strconv.ParseInt(to, 10, 64); err != nil || last < first {
			return 0, 0, false, errInvalidRange
		}
		last = min(last, size-1)
	}
	return first, last - first + 1, true, nil
}

func (c *call) describe(b *blob) {
	h := c.w.Header()
	for name, value := range b.headers {
		h[name] = []string{value}
	}
	h.Set("ETag", b.etag)
	h.Set("Last-Modified", httpTime(b.modified))
	h.Set("x-ms-creation-time", httpTime(b.created))
	h.Set("x-ms-blob-type", "BlockBlob")
	h.Set("x-ms-server-encrypted", "true")
	h.Set("x-ms-lease-state", "available")
	h.Set("x-ms-lease-status", "unlocked")
	h.Set("Accept-Ranges", "bytes")
}

// readable finds the blob and holds it to the request's conditions.
func (c *call) readable() (*blob, *problem) {
	if c.fault.is("change") {
		c.store.change(c.container, c.key)
	}
	b, p := c.store.blob(c.container, c.key)
	if p != nil {
		return nil, p
	}
	when := c.conditions()
	if when.match != "" && when.match != "*" && when.match != b.etag {
		return nil, errConditionNotMet
	}
	if when.noneMatch == "*" || when.noneMatch == b.etag {
		return nil, errNotModified
	}
	return b, nil
}

func (c *call) blobProperties() {
	b, p := c.readable()
	if p != nil {
		c.fail(p)
		return
	}
	c.describe(b)
	c.w.Header().Set("Content-Length", strconv.FormatInt(b.size, 10))
	c.w.WriteHeader(http.StatusOK)
}

func (c *call) getBlob() {
	b, p := c.readable()
	if p != nil {
		c.fail(p)
		return
	}
	offset, length, ranged, p := parseRange(rangeHeader(c.r), b.size)
	if p != nil {
		c.w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", b.size))
		c.fail(p)
		return
	}
	if c.fault.is("short-download") {
		length, ranged = length/2, true
	}
	c.describe(b)
	h := c.w.Header()
	status := http.StatusOK
	if ranged {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, b.size))
		// A stored MD5 is the whole blob's, not the range's.
		if sum := h.Get("Content-MD5"); sum != "" {
			h.Set("x-ms-blob-content-md5", sum)
			h.Del("Content-MD5")
		}
	}
	if p := c.rangeSums(b, offset, length); p != nil {
		c.fail(p)
		return
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	c.w.WriteHeader(status)
	c.sendBody(b, offset, length)
}

func (c *call) rangeSums(b *blob, offset, length int64) *problem {
	wantMD5 := c.r.Header.Get("x-ms-range-get-content-md5") == "true"
	wantCRC := c.r.Header.Get("x-ms-range-get-content-crc64") == "true"
	if !wantMD5 && !wantCRC {
		return nil
	}
	if length > 4<<20 {
		return errRangeTooLargeForSum
	}
	data := make([]byte, 0, length)
	_ = b.eachSlice(offset, length, func(s []byte) error { data = append(data, s...); return nil })
	if wantMD5 {
		c.w.Header().Set("Content-MD5", bodyMD5(data))
	}
	if wantCRC {
		c.w.Header().Set("x-ms-content-crc64", bodyCRC64(data))
	}
	return nil
}

func (c *call) sendBody(b *blob, offset, length int64) {
	flip, stop := int64(-1), int64(-1)
	if c.fault.is("flip-download") {
		flip = c.fault.offset(length)
	}
	if c.fault.is("cut-download") || c.fault.is("hang-download") {
		stop = c.fault.offset(length)
	}
	var sent int64
	err := b.eachSlice(offset, length, func(s []byte) error {
		if stop >= 0 && sent+int64(len(s)) > stop {
			s = s[:stop-sent]
		}
		if flip >= sent && flip < sent+int64(len(s)) {
			s = append([]byte(nil), s...)
			s[flip-sent] ^= 0x01
		}
		n, err := c.w.Write(s)
		sent += int64(n)
		if err == nil && sent == stop {
			return errCutHere
		}
		return err
	})
	if errors.Is(err, errCutHere) {
		_ = http.NewResponseController(c.w).Flush()
		if c.fault.is("hang-download") {
			<-c.r.Context().Done()
		}
	}
	if err != nil {
		c.cut()
	}
}
