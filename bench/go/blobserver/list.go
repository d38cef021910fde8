package main

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Azure gives at most this many entries a page.
const maxPage = 5000

// listBlobs: https://learn.microsoft.com/rest/api/storageservices/list-blobs
func (c *call) listBlobs() {
	q := c.r.URL.Query()
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	size := maxPage
	if n, err := strconv.Atoi(q.Get("maxresults")); err == nil && n > 0 && n < maxPage {
		size = n
	}
	marker, err := base64.RawURLEncoding.DecodeString(q.Get("marker"))
	if err != nil {
		c.fail(errInvalidURI)
		return
	}
	entries, next, p := c.store.list(c.container, prefix, delimiter, string(marker), size)
	if p != nil {
		c.fail(p)
		return
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://%s/%s" ContainerName="%s">`,
		c.r.Host, c.account, c.bucket)
	fmt.Fprintf(&out, "%s<Marker>%s</Marker><MaxResults>%d</MaxResults>", element("Prefix", prefix), q.Get("marker"), size)
	if delimiter != "" {
		out.WriteString(element("Delimiter", delimiter))
	}
	out.WriteString("<Blobs>")
	for _, e := range entries {
		writeEntry(&out, e)
	}
	fmt.Fprintf(&out, "</Blobs><NextMarker>%s</NextMarker></EnumerationResults>", base64.RawURLEncoding.EncodeToString([]byte(next)))
	h := c.w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(out.Bytes())
}

func writeEntry(out *bytes.Buffer, e listEntry) {
	if e.isPrefix {
		out.WriteString("<BlobPrefix>" + element("Name", e.name) + "</BlobPrefix>")
		return
	}
	out.WriteString("<Blob>" + element("Name", e.name))
	fmt.Fprintf(out, "<Properties><Creation-Time>%s</Creation-Time><Last-Modified>%s</Last-Modified><Etag>%s</Etag>"+
		"<Content-Length>%d</Content-Length><Content-Type>%s</Content-Type><BlobType>BlockBlob</BlobType>"+
		"<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"+
		"</Properties></Blob>", httpTime(e.blob.created), httpTime(e.blob.modified), strings.Trim(e.blob.etag, `"`),
		e.blob.size, escape(e.blob.headers["Content-Type"]))
}

// element is an XML element with text; text that XML cannot hold is percent-encoded and marked, as Azure does.
func element(name, text string) string {
	for _, r := range text {
		if (r < 0x20 && r != '\t' && r != '\n' && r != '\r') || r == 0xFFFE || r == 0xFFFF {
			return fmt.Sprintf(`<%s Encoded="true">%s</%s>`, name, url.PathEscape(text), name)
		}
	}
	return fmt.Sprintf("<%s>%s</%s>", name, escape(text), name)
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
