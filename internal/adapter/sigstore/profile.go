package sigstore

import (
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// demands are what a trust domain asks of a signature beside a certificate. What a signature carries and is asked for must hold;
// what it is not asked for is not looked at.
type demands struct{ certificateLog, log, timestamp bool }

// demands says what must hold of an object that carries log entries (logged) or timestamps (timed).
//
// A timestamp counts where there is one, beside the log: to try the one, then the other, and take either would accept a timestamp
// outside the certificate's lifetime (A20). Logs of the second generation keep no time, so that there a timestamp is needed.
func (r trustRoot) demands(logged, timed bool) (demands, error) {
	switch r.profile {
	case evidence.ProfileGitHub:
		if !timed {
			return demands{}, reject(codeTimestampInvalid, "verifying time: want a signed timestamp, which trust root %q relies on, got none", r.name)
		}
		return demands{timestamp: true}, nil
	case evidence.ProfilePrivate:
		if !logged && !timed {
			return demands{}, reject(codeTimestampInvalid, "verifying time: want a log entry or a signed timestamp, got neither")
		}
		return demands{certificateLog: len(r.material.CTLogs()) > 0, log: logged, timestamp: timed}, nil
	default:
		if !logged {
			return demands{}, reject(codeLogMissing, "verifying log entry: want one, got none")
		}
		return demands{certificateLog: true, log: true, timestamp: timed}, nil
	}
}

// checkProfile holds a root to its profile, so that nobody verifies signatures of a domain with logs as if it had none (A27).
func checkProfile(profile evidence.Profile, material root.TrustedMaterial) (fits bool, err error) {
	switch profile {
	case "", evidence.ProfilePublicGood, evidence.ProfilePrivate:
		return true, nil
	case evidence.ProfileGitHub:
		return len(material.RekorLogs()) == 0 && len(material.CTLogs()) == 0, nil
	}
	return false, fmt.Errorf("want profile %s, %s or %s, got %q", evidence.ProfilePublicGood, evidence.ProfileGitHub, evidence.ProfilePrivate, profile)
}

// earliest returns the time that proves most: each says that the signature existed by then.
func earliest(times []time.Time) (first time.Time) {
	for _, t := range times {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first
}
