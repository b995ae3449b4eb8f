package pipeline

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// trustFile is what a file of .liftlock/trust holds.
type trustFile struct {
	content     []byte
	sum         digest.Digest
	roots       int
	authorities int
	until       int64 // when the last certificate authority ends; 0: there is none
	// The same of those roots that have no logs, as GitHub's own: it gives the one of public Sigstore beside it.
	logless      int
	loglessUntil int64
}

// ends is when the last authority of those ends that a profile counts.
func (f *trustFile) ends(profile evidence.Profile) int64 {
	if profile == evidence.ProfileGitHub {
		return f.loglessUntil
	}
	return f.until
}

// trustedRoot is as much of a Sigstore trusted root as pure code can judge. Reading it fully is the verifier's work.
type trustedRoot struct {
	MediaType   string      `json:"mediaType"`
	Authorities []authority `json:"certificateAuthorities"`
	Logs        []struct{}  `json:"tlogs"`
	Submissions []struct{}  `json:"ctlogs"`
}

type authority struct {
	Chain struct {
		Certificates []struct {
			DER []byte `json:"rawBytes"`
		} `json:"certificates"`
	} `json:"certChain"`
	ValidFor struct {
		End time.Time `json:"end,omitzero"`
	} `json:"validFor"`
}

// parseTrustFile reads one trusted root, or several one after the other as GitHub gives them.
func parseTrustFile(content []byte) (trustFile, error) {
	file := trustFile{content: content, sum: digest.Of(content)}
	stream := json.NewDecoder(bytes.NewReader(content))
	for {
		var root trustedRoot
		err := stream.Decode(&root)
		if errors.Is(err, io.EOF) && file.roots > 0 {
			return file, nil
		}
		if err != nil {
			return trustFile{}, fmt.Errorf("wanted a Sigstore trusted_root.json: %w", err)
		}
		if !strings.HasPrefix(root.MediaType, "application/vnd.dev.sigstore.trustedroot") {
			return trustFile{}, fmt.Errorf("wanted mediaType application/vnd.dev.sigstore.trustedroot+json;version=0.1, got %q", clip(root.MediaType))
		}
		file.roots++
		file.authorities += len(root.Authorities)
		if file.roots > maxRoots || file.authorities > maxAuthorities {
			return trustFile{}, fmt.Errorf("wanted at most %d trusted roots with %d certificate authorities, got more", maxRoots, maxAuthorities)
		}
		for i, a := range root.Authorities {
			end, err := a.until()
			if err != nil {
				return trustFile{}, fmt.Errorf("certificateAuthorities[%d]: %w", i, err)
			}
			file.until = max(file.until, end)
			if root.isLogless() {
				file.loglessUntil = max(file.loglessUntil, end)
			}
		}
		if root.isLogless() {
			file.logless++
		}
	}
}

func (r *trustedRoot) isLogless() bool { return len(r.Logs)+len(r.Submissions) == 0 }

// fits says what keeps a file from being of a profile; "": nothing.
func (f *trustFile) fits(profile evidence.Profile) (wanted, got string) {
	switch {
	case profile == evidence.ProfileGitHub && f.roots > 0 && f.logless == 0:
		return "a trusted root without logs for profile github", "logs in all of it"
	case profile != evidence.ProfileGitHub && f.roots > 1:
		return "one trusted root", fmt.Sprintf("%d, which only profile github may have", f.roots)
	default:
		return "", ""
	}
}

// until returns when an authority ends: with the first certificate of its chain, or before by decree.
func (a authority) until() (int64, error) {
	if len(a.Chain.Certificates) == 0 || len(a.Chain.Certificates) > maxChain {
		return 0, fmt.Errorf("wanted 1 to %d certificates in certChain, got %d", maxChain, len(a.Chain.Certificates))
	}
	end := int64(0)
	if !a.ValidFor.End.IsZero() {
		end = a.ValidFor.End.Unix()
	}
	for i, c := range a.Chain.Certificates {
		certificate, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return 0, fmt.Errorf("wanted a certificate in certChain.certificates[%d]: %w", i, err)
		}
		if last := certificate.NotAfter.Unix(); end == 0 || last < end {
			end = last
		}
	}
	return end, nil
}

// profileOf is the profile that a name stands for; "": none, so that it must be written.
func profileOf(name string) evidence.Profile {
	switch profile := evidence.Profile(name); profile {
	case evidence.ProfilePublicGood, evidence.ProfileGitHub:
		return profile
	default:
		return ""
	}
}

// trustSource returns a pipeline's trust root of that name, and whether it has an entry. One without lies where its name says, and
// nothing pins it; its profile is "" where the name stands for none.
func trustSource(p *Pipeline, name string) (root TrustSource, entry bool) {
	for _, root := range p.Spec.Trust {
		if root.Name == name {
			return root, true
		}
	}
	return TrustSource{Name: name, File: "trust/" + name + ".json", Profile: profileOf(name)}, false
}

// checkTrust checks a pipeline's trust roots. A file that is not the pinned one is no problem of the documents: that would end the
// service for all, where the rules say that the root does not count.
func (s *Set) checkTrust(p *located[Pipeline]) {
	for i, root := range p.doc.Spec.Trust {
		at := fmt.Sprintf("spec.trust[%d]", i)
		file := s.roots[root.File]
		if file == nil {
			s.absent(p.source, at+".file", "trustFile", root.File)
		}
		if root.Profile == "" {
			s.complain(p.source, at+".profile", "private, public-good or github, because the name says none", "nothing")
		}
		if file == nil {
			continue
		}
		if wanted, got := file.fits(root.Profile); wanted != "" {
			s.complain(p.source, at+".file", wanted, got)
		}
	}
}

// checkTrustFiles wants an entry for every file whose name stands for no profile: nobody could say what it demands of a signature.
func (s *Set) checkTrustFiles() {
	for _, file := range slices.Sorted(maps.Keys(s.roots)) {
		name := strings.TrimSuffix(path.Base(file), ".json")
		profile := profileOf(name)
		problem := Problem{File: Directory + "/" + file}
		switch {
		case s.listed(file) || len(s.pipelines) == 0:
			continue
		case profile == "":
			problem.Message = fmt.Sprintf("wanted an entry in spec.trust, for example {name: %s, file: %s, profile: private}, got none", name, file)
		default:
			wanted, got := s.roots[file].fits(profile)
			if wanted == "" {
				continue
			}
			problem.Message = "wanted " + wanted + ", got " + got
		}
		s.problems = append(s.problems, problem)
	}
}

// listed reports whether any pipeline has an entry for a file.
func (s *Set) listed(file string) bool {
	return slices.ContainsFunc(s.pipelines, func(p located[Pipeline]) bool {
		return slices.ContainsFunc(p.doc.Spec.Trust, func(root TrustSource) bool { return root.File == file })
	})
}

// checkKey checks a signer's key: its file, its times and its environments.
func (s *Set) checkKey(p *located[Pipeline], key *Key, path string) {
	file, spki := key.pinned()
	at := path
	if key.KMS != nil {
		at += ".kms"
	}
	found, ok := s.keys[file]
	switch {
	case !ok && key.KMS != nil:
		s.complain(p.source, at+".file", fmt.Sprintf("the public key in %s/%s, as liftlock trust refresh writes it", Directory, clip(file)), "no such file")
	case !ok:
		s.absent(p.source, at+".file", "keyFile", file)
	case spki == "" && key.KMS != nil:
		s.complain(p.source, at+".spki", "the key's sha256, as liftlock trust refresh writes it", "nothing")
	case s.grammar.fits(s.grammar.forms["spki"], spki) && !found.spki.IsZero() && spki != found.spki.String():
		s.complain(p.source, at+".spki", spki, fmt.Sprintf("%s in %s", found.spki, file))
	}
	if key.NotAfter != 0 && key.NotAfter <= key.NotBefore {
		s.complain(p.source, path+".notAfter", "an instant after notBefore", "an earlier one")
	}
	for i, name := range key.Environments {
		s.known("an environment of this pipeline", mention{name, p.source, fmt.Sprintf("%s.environments[%d]", path, i)}, environmentNames(p))
	}
}

// reliedOn lists the roots that signers rely on, sorted: a keyless one on its own, a key on all that are listed, for the time at
// which it signed.
func reliedOn(p *Pipeline, signers []string) []TrustSource {
	var names []string
	for _, signer := range p.Spec.Signers {
		switch {
		case !slices.Contains(signers, signer.Name):
		case signer.Keyless != nil:
			names = append(names, signer.Keyless.Trust)
		default:
			for _, root := range p.Spec.Trust {
				names = append(names, root.Name)
			}
		}
	}
	slices.Sort(names)
	var list []TrustSource
	for _, name := range slices.Compact(names) {
		root, _ := trustSource(p, name)
		list = append(list, root)
	}
	return list
}

// resolveTrust describes the roots that signers rely on.
func (s *Set) resolveTrust(p *Pipeline, signers []string) []TrustRule {
	list := []TrustRule{}
	for _, root := range reliedOn(p, signers) {
		file := s.roots[root.File]
		list = append(list, TrustRule{Name: root.Name, Profile: root.Profile, SHA256: file.sum.Hex(), Pinned: root.SHA256,
			RefreshedAt: int64(root.Refreshed), MaxAge: int64(root.MaxAge), AuthoritiesUntil: file.ends(root.Profile)})
	}
	return list
}
