// The standard library's reverse proxy, which KServe's and Knative's agents are built on. Run it with GOMAXPROCS=1.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	upstream, err := url.Parse("http://" + os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 256
	transport.MaxIdleConnsPerHost = 256 // the default of 2 would open a connection for most requests
	transport.DisableCompression = true
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: transport,
	}
	log.Fatal(http.ListenAndServe(os.Args[1], proxy))
}
