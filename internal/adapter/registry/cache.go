package registry

import (
	"container/list"
	"sync"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// cache keeps content by digest, least recently used out first. The key holds the repository too: that one repository serves a digest
// does not say that another does.
type cache struct {
	mu      sync.Mutex
	limit   int
	size    int
	order   *list.List
	entries map[digest.Reference]*list.Element
}

type cached struct {
	key       digest.Reference
	mediaType string
	body      []byte
}

func newCache(limit int) *cache {
	return &cache{limit: limit, order: list.New(), entries: map[digest.Reference]*list.Element{}}
}

func (c *cache) get(key digest.Reference) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return cached{}, false
	}
	c.order.MoveToFront(element)
	return element.Value.(cached), true
}

// put keeps entry. A body beyond a quarter of the cache is not worth pushing out everything else.
func (c *cache) put(entry cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[entry.key]; ok || len(entry.body) > c.limit/4 {
		return
	}
	c.entries[entry.key] = c.order.PushFront(entry)
	c.size += len(entry.body)
	for c.size > c.limit {
		oldest := c.order.Back()
		gone := c.order.Remove(oldest).(cached)
		delete(c.entries, gone.key)
		c.size -= len(gone.body)
	}
}
