// step-ca's own signing code (package authority of smallstep/certificates), without its HTTP server, its database and its
// provisioners: key + CSR + certificate. Prints the CPU time and the wall time of each round.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/smallstep/certificates/authority"
	"github.com/smallstep/certificates/authority/provisioner"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func makeAuthority() *authority.Authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(20, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	check(err)
	parsed, err := x509.ParseCertificate(der)
	check(err)
	pemRoot := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	auth, err := authority.NewEmbedded(
		authority.WithX509RootBundle(pemRoot),
		authority.WithX509Signer(parsed, crypto.Signer(key)),
	)
	check(err)
	return auth
}

func issue(auth *authority.Authority, name string) (certificate []byte, privateKey []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name, Organization: []string{"secure-esp"}},
	}, key)
	check(err)
	csr, err := x509.ParseCertificateRequest(request)
	check(err)
	dates := provisioner.CertificateModifierFunc(func(certificate *x509.Certificate, _ provisioner.SignOptions) error {
		certificate.NotBefore = time.Now().Add(-24 * time.Hour)
		certificate.NotAfter = time.Now().AddDate(10, 0, 0)
		return nil
	})
	chain, err := auth.SignWithContext(context.Background(), csr, provisioner.SignOptions{}, dates)
	check(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[0].Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	check(err)
	runtime.GOMAXPROCS(1)
	auth := makeAuthority()
	var certificate, key []byte
	for i := 0; i < count/10+1; i++ {
		certificate, key = issue(auth, "warm-up")
	}
	cpu, start := cpuSeconds(), time.Now()
	for i := 0; i < count; i++ {
		certificate, key = issue(auth, fmt.Sprintf("esp-%05d", i))
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cpuSeconds": cpuSeconds() - cpu, "wallSeconds": time.Since(start).Seconds(), "count": count,
		"certificate": string(certificate), "key": string(key),
	}))
}
