package audit

// Kind is what a range of a file is used for.
type Kind uint8

// The kinds, as they are listed.
const (
	UserBlock Kind = iota
	Superblock
	DriverInfo
	ObjectHeader
	LocalHeap
	GroupBTree
	SymbolNode
	BTreeV2
	FractalHeap
	HugeObject
	GlobalHeap
	ChunkBTree
	FixedArray
	ExtensibleArray
	SharedMessages
	FreeSpaceManager
	CacheImage
	ContiguousData
	ChunkData
	kinds
)

var kindNames = [kinds]string{"user block", "superblock", "driver info", "object header", "local heap", "group B-tree",
	"symbol table node", "B-tree v2", "fractal heap", "huge heap object", "global heap collection", "chunk B-tree",
	"fixed array", "extensible array", "shared message table", "free-space manager", "metadata cache image",
	"contiguous data", "chunk"}

// String is the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Metadata tells whether ranges of the kind describe data rather than hold it.
func (k Kind) Metadata() bool {
	return k < ContiguousData && k != UserBlock && k != GlobalHeap && k != HugeObject
}
