package kms

import "time"

// maxWait bounds one answer. A person is waiting, and a service that is down should say so before they give up.
const maxWait = 30 * time.Second
