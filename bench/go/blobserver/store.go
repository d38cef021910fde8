package main

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

type blob struct {
	pieces   []piece
	size     int64
	etag     string
	modified time.Time
	created  time.Time
	headers  map[string]string // what HEAD and GET give back: content-type, x-ms-meta-*, …
}

func (b *blob) eachSlice(offset, n int64, visit func([]byte) error) error {
	var start int64
	for _, p := range b.pieces {
		if n > 0 && offset < start+p.size {
			take := min(n, start+p.size-offset)
			if err := p.eachSlice(start, offset-start, take, visit); err != nil {
				return err
			}
			offset += take
			n -= take
		}
		start += p.size
	}
	return nil
}

type container struct {
	blobs    map[string]*blob
	blocks   map[string]map[string]piece // uncommitted, by blob name, by block id
	names    []string                    // sorted, when !unsorted
	unsorted bool
	etag     string
	modified time.Time
}

type store struct {
	mu         sync.Mutex
	containers map[string]*container
	serial     uint64
}

func newStore() *store { return &store{containers: map[string]*container{}} }

// nextETag is called with the lock held. Azure's look like "0x8D4BCC2E4835CD0".
func (s *store) nextETag() string {
	s.serial++
	return fmt.Sprintf(`"0x8D%013X"`, 0x4BCC2E4835CD0+s.serial)
}

func (s *store) createContainer(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.containers[name] != nil {
		return false
	}
	s.containers[name] = &container{
		blobs: map[string]*blob{}, blocks: map[string]map[string]piece{}, etag: s.nextETag(), modified: time.Now(),
	}
	return true
}

func (s *store) deleteContainer(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.containers[name] == nil {
		return false
	}
	delete(s.containers, name)
	return true
}

func (s *store) container(name string) *container {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.containers[name]
}

func (s *store) blob(containerName, name string) (*blob, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil {
		return nil, errContainerNotFound
	}
	b := c.blobs[name]
	if b == nil {
		return nil, errBlobNotFound
	}
	return b, nil
}

// conditions are If-Match and If-None-Match of a request that changes a blob.
type conditions struct{ match, noneMatch string }

func (c conditions) check(existing *blob) *problem {
	if c.match != "" && (existing == nil || (c.match != "*" && c.match != existing.etag)) {
		return errConditionNotMet
	}
	if c.noneMatch != "" && existing != nil {
		if c.noneMatch == "*" {
			return errBlobAlreadyExists
		}
		if c.noneMatch == existing.etag {
			return errConditionNotMet
		}
	}
	return nil
}

func (s *store) put(containerName, name string, b *blob, when conditions) *problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putLocked(containerName, name, b, when)
}

func (s *store) putLocked(containerName, name string, b *blob, when conditions) *problem {
	c := s.containers[containerName]
	if c == nil {
		return errContainerNotFound
	}
	existing := c.blobs[name]
	if p := when.check(existing); p != nil {
		return p
	}
	b.etag = s.nextETag()
	b.modified = time.Now().UTC()
	b.created = b.modified
	if existing != nil {
		b.created = existing.created
	} else {
		c.names = append(c.names, name)
		c.unsorted = true
	}
	c.blobs[name] = b
	delete(c.blocks, name)
	return nil
}

func (s *store) putBlock(containerName, name, id string, p piece) *problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil {
		return errContainerNotFound
	}
	blocks := c.blocks[name]
	if blocks == nil {
		blocks = map[string]piece{}
		c.blocks[name] = blocks
	}
	for other := range blocks {
		if len(other) != len(id) {
			return errInvalidBlobOrBlock
		}
		break
	}
	blocks[id] = p
	return nil
}

// commit makes a blob of uncommitted blocks. Blocks of the blob's committed version are not remembered: a client
// that names them (Azure's Committed or Latest) is told InvalidBlockList.
func (s *store) commit(containerName, name string, ids []string, headers map[string]string, when conditions) (*blob, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil {
		return nil, errContainerNotFound
	}
	b := &blob{headers: headers, pieces: make([]piece, 0, len(ids))}
	for _, id := range ids {
		p, ok := c.blocks[name][id]
		if !ok {
			return nil, errInvalidBlockList
		}
		b.pieces = append(b.pieces, p)
		b.size += p.size
	}
	if p := s.putLocked(containerName, name, b, when); p != nil {
		return nil, p
	}
	return b, nil
}

func (s *store) remove(containerName, name string, when conditions) *problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil {
		return errContainerNotFound
	}
	existing := c.blobs[name]
	if existing == nil {
		return errBlobNotFound
	}
	if p := when.check(existing); p != nil {
		return p
	}
	delete(c.blobs, name)
	delete(c.blocks, name)
	c.unsorted = true
	return nil
}

// change gives a blob other content of the same size and another ETag, as an overwrite by someone else would.
func (s *store) change(containerName, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil || c.blobs[name] == nil {
		return
	}
	next := *c.blobs[name]
	next.etag = s.nextETag()
	next.modified = time.Now().UTC()
	data := make([]byte, 0, next.size)
	_ = next.eachSlice(0, next.size, func(b []byte) error { data = append(data, b...); return nil })
	for i := range data {
		data[i] ^= 0xff
	}
	next.pieces = []piece{{next.size, data}}
	c.blobs[name] = &next
}

type listEntry struct {
	name     string
	isPrefix bool
	blob     *blob
}

// list is one page: names that start with prefix, from marker on, at most max entries; next is "" at the end.
func (s *store) list(containerName, prefix, delimiter, marker string, max int) (entries []listEntry, next string, p *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[containerName]
	if c == nil {
		return nil, "", errContainerNotFound
	}
	c.sortNames()
	from := prefix
	if marker > from {
		from = marker
	}
	i := sort.SearchStrings(c.names, from)
	for i < len(c.names) && strings.HasPrefix(c.names[i], prefix) {
		name := c.names[i]
		if len(entries) == max {
			return entries, name, nil
		}
		if cut := strings.Index(name[len(prefix):], delimiter); delimiter != "" && cut >= 0 {
			common := name[:len(prefix)+cut+len(delimiter)]
			entries = append(entries, listEntry{name: common, isPrefix: true})
			i += sort.Search(len(c.names)-i, func(k int) bool {
				n := c.names[i+k]
				return n > common && !strings.HasPrefix(n, common)
			})
			continue
		}
		entries = append(entries, listEntry{name: name, blob: c.blobs[name]})
		i++
	}
	return entries, "", nil
}

func (c *container) sortNames() {
	if !c.unsorted {
		return
	}
	c.names = c.names[:0]
	for name := range c.blobs {
		c.names = append(c.names, name)
	}
	sort.Strings(c.names)
	c.unsorted = false
}
