package signer

// maxRequest is how much the services read of a request: attestations that tools sign here hold a scanner's report at most.
const maxRequest = 16 << 20
