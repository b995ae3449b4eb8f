package gitrepo

import "time"

// Every bound of this package, with its reason. An excess is an error, never a truncation.
const (
	// maxPack bounds what one fetch may bring: a deployments repository is text, and a disk that a hostile push can fill stops the bot.
	maxPack = 2 << 30
	// maxAdvertisement bounds the list of refs: a million refs of 64 bytes.
	maxAdvertisement = 64 << 20
	// maxBlob bounds one file that is read whole. CODEOWNERS is not loaded by GitHub beyond 3 MB; overlays are far below.
	maxBlob = 4 << 20
	// maxTree bounds one directory: about 200,000 entries.
	maxTree = 8 << 20
	// maxCommit bounds one commit object: its message is written by people and by hostile ones.
	maxCommit = 1 << 20
	// maxKnownEntries bounds what one Tree remembers of its directories; beyond it directories are read again.
	maxKnownEntries = 200_000
	// maxChanged bounds a list of changed paths: nobody reviews more.
	maxChanged = 100_000
	// maxHaves is how many commits are offered to the server as known. More cost a longer request and save nothing once the branches are in.
	maxHaves = 256
	// unpackBelow is how many objects a fetch may bring to be kept as single files: a pack for each push would pile up. Git's own number.
	unpackBelow = 100
	// maxPacks and maxLoose are when the mirror is cloned anew: each read looks into every pack, and each listing into every file.
	maxPacks = 50
	maxLoose = 6700
	// maxOpenPacks bounds file descriptors for a clone that somebody else keeps.
	maxOpenPacks = 16
	// maxAppendFiles and maxAppendBytes bound one commit on the ledger.
	maxAppendFiles = 10_000
	maxAppendBytes = 64 << 20
	// objectCache is memory for recently read objects; delta bases come from it.
	objectCache = 16 << 20
	// largeObject is read as a stream instead of through the cache.
	largeObject = 1 << 20
)

// How long to leave the server alone where it does not say.
const (
	pauseLimited = time.Minute
	pauseServer  = 15 * time.Second
	maxPause     = 2 * time.Hour
)
