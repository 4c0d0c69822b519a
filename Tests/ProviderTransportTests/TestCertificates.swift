/// A root made for these tests and a certificate for `localhost` under it, valid until 2126. The root's key is gone,
/// the leaf's is worth nothing.
enum TestCertificates {
    static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBpTCCAUugAwIBAgIUaGYOxaJTr3vcMBw9V2Rcsq8PfRYwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTIxMTMyMzMz
        WhgPMjEyNjEwMjgxMzIzMzNaMB8xHTAbBgNVBAMMFFN3aXRjaHlhcmQgdGVzdCBy
        b290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVvf2kkMAIjhnXoTLQ7EoILf/
        4cgC3NHmp2rThhpEnG18P49cl+E9TSkPZXzbRXAKIlFI8sf1xx98VI87IcnOL6Nj
        MGEwHQYDVR0OBBYEFJt1r6HBGwZFk673ht2l/bp3WXzSMB8GA1UdIwQYMBaAFJt1
        r6HBGwZFk673ht2l/bp3WXzSMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQD
        AgIEMAoGCCqGSM49BAMCA0gAMEUCIDvmv6leQu6Sgg1+Ov+EyevElVH95NA5f2vT
        wkjosSwKAiEAhJoeE5AMtE1qephoPgSSrskZUL7rriJv9FySut4M+r4=
        -----END CERTIFICATE-----
        """

    static let localhost = """
        -----BEGIN CERTIFICATE-----
        MIIBwjCCAWegAwIBAgIUcV/t0839plwy3lwwvVkKGrc8uAowCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTIxMTMyMzMz
        WhgPMjEyNjEwMjgxMzIzMzNaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqG
        SM49AgEGCCqGSM49AwEHA0IABImqtYo8I4NToWJdLplqlfIEQfrJHlrjdFusFJCi
        GNlQ45w/LM+RSy7YV1bYxSvHMEd9xVGSZrnUthGaEVvd0YCjgYkwgYYwFAYDVR0R
        BA0wC4IJbG9jYWxob3N0MAkGA1UdEwQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1Ud
        JQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBS/bUVNRmBggBqyIzh79AhgJsv4zzAf
        BgNVHSMEGDAWgBSbda+hwRsGRZOu94bdpf26d1l80jAKBggqhkjOPQQDAgNJADBG
        AiEAxG4nl/gQgrIouWfEMgOKYdAP5jt8PEMsc+T53HIaH7wCIQDAFHa+RlA3SZRj
        YORTcffzM2gPl1MpPMHUUxN98gmztg==
        -----END CERTIFICATE-----
        """

    static let localhostKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT1KLJDb4MP5rmkXV
        +CygwaCq4iVYPbGcvLuAtsaty56hRANCAASJqrWKPCODU6FiXS6ZapXyBEH6yR5a
        43RbrBSQohjZUOOcPyzPkUsu2FdW2MUrxzBHfcVRkma51LYRmhFb3dGA
        -----END PRIVATE KEY-----
        """
}
