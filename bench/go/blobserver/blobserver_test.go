package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

type rig struct {
	t       *testing.T
	server  *server
	blobs   *httptest.Server
	control *httptest.Server
}

func newRig(t *testing.T) *rig {
	s := newServer([]string{"acct"}, math.MaxInt64, true)
	s.store.createContainer("acct/box")
	r := &rig{t, s, httptest.NewServer(s), httptest.NewServer(http.HandlerFunc(s.control))}
	t.Cleanup(r.blobs.Close)
	t.Cleanup(r.control.Close)
	return r
}

type answer struct {
	*http.Response
	body []byte
	err  error
}

func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	request, err := http.NewRequest(method, r.blobs.URL+"/acct/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return answer{response, got, err}
}

func (r *rig) put(key, body string, headers ...string) answer {
	return r.do("PUT", "box/"+key, body, append([]string{"x-ms-blob-type", "BlockBlob"}, headers...)...)
}

func (r *rig) fault(f fault) { r.server.faults.add([]*fault{&f}) }

func (r *rig) want(a answer, status int, code string) {
	r.t.Helper()
	if a.err != nil {
		r.t.Fatal(a.err)
	}
	if a.StatusCode != status || a.Header.Get("x-ms-error-code") != code {
		r.t.Fatalf("got %d %q, want %d %q: %s", a.StatusCode, a.Header.Get("x-ms-error-code"), status, code, a.body)
	}
}

func crcOf(text string) string { return crc64Base64(crc64.Checksum([]byte(text), azureCRC64)) }

func TestTheChecksumIsCRC64NVME(t *testing.T) {
	// The check value of the CRC catalogue (reveng.sourceforge.io) for CRC-64/NVME.
	if sum := crc64.Checksum([]byte("123456789"), azureCRC64); sum != 0xae8b14860a799888 {
		t.Fatalf("got %x", sum)
	}
}

func TestABlobComesBackWithItsMetadataAndRanges(t *testing.T) {
	r := newRig(t)
	r.want(r.put("a/b%20c", "0123456789", "x-ms-meta-Sum", "xyz", "x-ms-content-crc64", crcOf("0123456789")), 201, "")
	whole := r.do("GET", "box/a/b%20c", "")
	r.want(whole, 200, "")
	if string(whole.body) != "0123456789" || whole.Header.Get("x-ms-meta-sum") != "xyz" {
		t.Fatalf("got %q %v", whole.body, whole.Header)
	}
	part := r.do("GET", "box/a/b%20c", "", "x-ms-range", "bytes=3-5", "If-Match", whole.Header.Get("ETag"))
	r.want(part, 206, "")
	if string(part.body) != "345" || part.Header.Get("Content-Range") != "bytes 3-5/10" {
		t.Fatalf("got %q %v", part.body, part.Header)
	}
	r.want(r.do("GET", "box/a/b%20c", "", "Range", "bytes=10-"), 416, "InvalidRange")
	r.want(r.do("GET", "box/a/b%20c", "", "If-Match", `"0x1"`), 412, "ConditionNotMet")
	r.want(r.do("HEAD", "box/none", ""), 404, "BlobNotFound")
	r.want(r.do("GET", "nobox/none", ""), 404, "ContainerNotFound")
	r.want(r.do("DELETE", "box/a/b%20c", ""), 202, "")
	r.want(r.do("DELETE", "box/a/b%20c", ""), 404, "BlobNotFound")
}

func TestBlocksBecomeABlobOnlyByTheirList(t *testing.T) {
	r := newRig(t)
	list := "<BlockList>"
	for i, text := range []string{"first ", "second ", "third"} {
		id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%04d", i))
		r.want(r.do("PUT", "box/k?comp=block&blockid="+id, text, "x-ms-content-crc64", crcOf(text)), 201, "")
		list += "<Latest>" + id + "</Latest>"
	}
	r.want(r.do("GET", "box/k", ""), 404, "BlobNotFound")
	r.want(r.do("PUT", "box/k?comp=blocklist", "<BlockList><Latest>AAAA</Latest></BlockList>"), 400, "InvalidBlockList")
	r.want(r.do("PUT", "box/k?comp=blocklist", list+"</BlockList>", "x-ms-blob-content-type", "text/plain"), 201, "")
	got := r.do("GET", "box/k", "")
	if string(got.body) != "first second third" || got.Header.Get("Content-Type") != "text/plain" {
		t.Fatalf("got %q %v", got.body, got.Header)
	}
	if part := r.do("GET", "box/k", "", "Range", "bytes=5-13"); string(part.body) != " second t" {
		t.Fatalf("got %q", part.body)
	}
}

func TestBytesThatAreNotKeptReadAsThePattern(t *testing.T) {
	r := newRig(t)
	r.server.keepUpTo.Store(-1)
	r.want(r.put("one", string(pattern)+string(pattern[:10])), 201, "")
	if got := r.do("GET", "box/one", ""); !bytes.Equal(got.body, append(slices.Clone(pattern), pattern[:10]...)) {
		t.Fatal("the bytes differ")
	}
	for i, size := range []int{700_000, 700_000} {
		id := base64.StdEncoding.EncodeToString([]byte{byte(i)})
		r.want(r.do("PUT", "box/two?comp=block&blockid="+strings.ReplaceAll(id, "=", "%3D"), strings.Repeat("x", size)), 201, "")
	}
	r.want(r.do("PUT", "box/two?comp=blocklist", "<BlockList><Latest>AA==</Latest><Latest>AQ==</Latest></BlockList>"), 201, "")
	got := r.do("GET", "box/two", "", "Range", "bytes=699990-700009")
	if !bytes.Equal(got.body, pattern[699_990:700_010]) {
		t.Fatal("the second block does not continue the pattern")
	}
}

func TestAListIsPagedAndFolded(t *testing.T) {
	r := newRig(t)
	for _, key := range []string{"a/1", "a/2", "a0", "b/1/x", "b/1/y", "b/2", "c<&>"} {
		r.want(r.put(strings.ReplaceAll(key, "&", "%26"), "x"), 201, "")
	}
	if got := r.listAll("delimiter=/", 2); strings.Join(got, " ") != "a/ a0 b/ c&lt;&amp;&gt;" {
		t.Fatalf("got %v", got)
	}
	if got := r.listAll("prefix=b/&delimiter=/", 1); strings.Join(got, " ") != "b/1/ b/2" {
		t.Fatalf("got %v", got)
	}
	if got := r.listAll("prefix=a", 2); strings.Join(got, " ") != "a/1 a/2 a0" {
		t.Fatalf("got %v", got)
	}
}

func (r *rig) listAll(query string, page int) []string {
	names, marker := []string{}, ""
	for {
		got := r.do("GET", fmt.Sprintf("box?restype=container&comp=list&maxresults=%d&marker=%s&%s", page, marker, query), "")
		r.want(got, 200, "")
		for _, part := range strings.Split(string(got.body), "<Name>")[1:] {
			names = append(names, part[:strings.Index(part, "</Name>")])
		}
		_, rest, _ := strings.Cut(string(got.body), "<NextMarker>")
		marker, _, _ = strings.Cut(rest, "</NextMarker>")
		if marker == "" {
			return names
		}
	}
}

func TestFaultsStrikeWhomTheyAreMeantForAndAsOftenAsTold(t *testing.T) {
	r := newRig(t)
	body, at := "hello, blob", int64(3)
	r.fault(fault{Kind: "flip-upload", Operation: "PutBlob"})
	r.want(r.put("k", body, "x-ms-content-crc64", crcOf(body)), 400, "Crc64Mismatch")
	r.fault(fault{Kind: "flip-upload", Operation: "PutBlob"})
	r.want(r.put("k", body, "Content-MD5", bodyMD5([]byte(body))), 400, "Md5Mismatch")
	r.want(r.put("k", body, "x-ms-content-crc64", crcOf(body)), 201, "")

	r.fault(fault{Kind: "status", Status: 429, RetryAfter: "7", Times: 2, Skip: 1, Key: "k"})
	r.want(r.do("GET", "box/k", ""), 200, "")
	limited := r.do("GET", "box/k", "")
	r.want(limited, 429, "TooManyRequests")
	if limited.Header.Get("Retry-After") != "7" || len(r.server.faults.left()) != 1 {
		t.Fatal("no Retry-After, or the fault struck only once")
	}
	r.want(r.do("GET", "box/k", ""), 429, "TooManyRequests")

	r.fault(fault{Kind: "flip-download", At: &at})
	if got := r.do("GET", "box/k", ""); string(got.body) == body || len(got.body) != len(body) || got.body[3] == body[3] {
		t.Fatalf("got %q", got.body)
	}
	r.fault(fault{Kind: "cut-download", At: &at})
	if got := r.do("GET", "box/k", ""); got.err == nil || len(got.body) != 3 {
		t.Fatalf("got %v %q", got.err, got.body)
	}
	r.fault(fault{Kind: "short-download"})
	if got := r.do("GET", "box/k", ""); got.err != nil || len(got.body) != 5 {
		t.Fatalf("got %v %q", got.err, got.body)
	}
	before := r.do("HEAD", "box/k", "").Header.Get("ETag")
	r.fault(fault{Kind: "change"})
	r.want(r.do("GET", "box/k", "", "If-Match", before), 412, "ConditionNotMet")
	r.fault(fault{Kind: "reset", Operation: "DeleteBlob"})
	if got := r.do("DELETE", "box/k", ""); got.err == nil {
		t.Fatal("the connection was not cut")
	}
	if left := r.server.faults.left(); len(left) != 0 {
		t.Fatalf("left: %v", left)
	}
}

func TestTheControlAPICounts(t *testing.T) {
	r := newRig(t)
	r.want(r.put("k", "12345"), 201, "")
	r.do("GET", "box/k", "")
	response, err := http.Get(r.control.URL + "/__control/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got counts
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Requests != 2 || got.Operations["PutBlob"] != 1 || got.Operations["GetBlob"] != 1 || got.BytesIn != 5 || got.BytesOut != 5 {
		t.Fatalf("got %+v", got)
	}
}
