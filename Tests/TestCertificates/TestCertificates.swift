/// Certificates made for tests, valid until 2126 where nothing else is said, PEM. The roots' keys are gone, the others' are worth
/// nothing.
package enum TestCertificates {
    /// A root of these tests.
    package static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBhDCCASqgAwIBAgIUDYGckAD79pvolsm6flfKrkBJ7LEwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTAxMDAwMDAw
        WhgPMjEyNjEwMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFN3aXRjaHlhcmQgdGVzdCBy
        b290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETNSTpRl6udh6R3s1GAMC8f2v
        VcdHETOSFwoeKlYz/tlv0pHXYu53rn6oA0NMElLmynsbHTXagW7ry46X//S0HqNC
        MEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFG4+
        T4YFLbkUSdFSLOA/TYo7ru96MAoGCCqGSM49BAMCA0gAMEUCIHVIv7S/j06E/Pp+
        ddNMYljGbDWCd8Eg77wnQfjEghLNAiEA9V2NNKdzqDSfhEozyz+bZ7yXjuBLFqBp
        h9iLrtwZVD8=
        -----END CERTIFICATE-----
        """

    /// Another root, which nobody here is meant to believe.
    package static let strangerRoot = """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASagAwIBAgIUQLWb196ywb93mdPlmALIhEaC4J4wCgYIKoZIzj0EAwIw
        HTEbMBkGA1UEAwwSU3RyYW5nZXIgdGVzdCByb290MCAXDTI2MTEwMTAwMDAwMFoY
        DzIxMjYxMDAxMDAwMDAwWjAdMRswGQYDVQQDDBJTdHJhbmdlciB0ZXN0IHJvb3Qw
        WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQRWO6BFcxMITaM+DgtemE4u+9DCK27
        qja0co4pGDawsDWKGd6EmFJxzDsedvTeO8Jup7+j6H+VzQ6+Ht5DKhZIo0IwQDAP
        BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQU0cSoSmIc
        2mkkzDnfz6t3xeWmCfkwCgYIKoZIzj0EAwIDRwAwRAIgB08qQIfLlSPYdMQ+MFlK
        YiIEyGa/NZ7DYZPjZ2Zf23gCIHDOOY6uwr9eke5y12WJYfEgqel+HOR703S0TCRd
        Fu/S
        -----END CERTIFICATE-----
        """

    /// For `localhost`, under `root`.
    package static let localhost = """
        -----BEGIN CERTIFICATE-----
        MIIBgDCCASWgAwIBAgIUFDRbCnj9g8Ox/ohAJeSzipH4IMkwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTAxMDAwMDAw
        WhgPMjEyNjEwMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqG
        SM49AgEGCCqGSM49AwEHA0IABGXnJ2ytCvuIY3z39r17WlHDYw8DWxC9r7tC1w4d
        euGZc2CJAlaOU0PHyNQwP4wqjgkTeO2rmTgIBIEmz4PoVi2jSDBGMAkGA1UdEwQC
        MAAwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMBQGA1UdEQQN
        MAuCCWxvY2FsaG9zdDAKBggqhkjOPQQDAgNJADBGAiEA9zMLyGZpLOZwY/+LjAf3
        YW6VtMwWmihjyA2uYil1qhcCIQCQYrt9rSqmYLD0FElVs7KdDEaFpGclqR7RxZW4
        +yg/CQ==
        -----END CERTIFICATE-----
        """

    /// The key of `localhost`, and of the three after it.
    package static let localhostKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgb5CnJ/e1Nxel+1IY
        6+T5HHB1DDQJXiFmTpGlUrZ4DLShRANCAARl5ydsrQr7iGN89/a9e1pRw2MPA1sQ
        va+7QtcOHXrhmXNgiQJWjlNDx8jUMD+MKo4JE3jtq5k4CASBJs+D6FYt
        -----END PRIVATE KEY-----
        """

    /// As `localhost`, and over since 2021.
    package static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBfDCCASOgAwIBAgIUAO2S7IScO44aunrytEH+u42/zkcwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwHhcNMjAwMTAxMDAwMDAw
        WhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjO
        PQIBBggqhkjOPQMBBwNCAARl5ydsrQr7iGN89/a9e1pRw2MPA1sQva+7QtcOHXrh
        mXNgiQJWjlNDx8jUMD+MKo4JE3jtq5k4CASBJs+D6FYto0gwRjAJBgNVHRMEAjAA
        MA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAUBgNVHREEDTAL
        gglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDRwAwRAIgUhqoQ5MgsH9tQJd7PTcGMuGq
        H2sJXFmnkTRDdR244DICIHYiTp/4paDc5WJrjKtGuvs8YpY0pzqUiX+VxnrfL9mB
        -----END CERTIFICATE-----
        """

    /// As `localhost`, and valid from 2125 on.
    package static let early = """
        -----BEGIN CERTIFICATE-----
        MIIBgjCCASegAwIBAgIUAVJn8FsjaS1Xmhj8mU2eNqwycQkwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIhgPMjEyNTAxMDEwMDAw
        MDBaGA8yMTI2MTAwMTAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEZecnbK0K+4hjfPf2vXtaUcNjDwNbEL2vu0LX
        Dh164ZlzYIkCVo5TQ8fI1DA/jCqOCRN47auZOAgEgSbPg+hWLaNIMEYwCQYDVR0T
        BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwFAYDVR0R
        BA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BAMCA0kAMEYCIQCoVBRueCI0lpnMZYvc
        t2BG+KXbY3FUgcCXEUlRxOhHggIhAM7DTCvtfiyjWDVuY0ejbh+4m5i7i53J16tV
        RT1PWPAM
        -----END CERTIFICATE-----
        """

    /// For `localhost`, under nobody.
    package static let selfSigned = """
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARqgAwIBAgIUKmSiBL6KcuX6SBOYy3i3W2wMWHEwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEwMTAwMDAwMFoYDzIxMjYxMDAx
        MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARl5ydsrQr7iGN89/a9e1pRw2MPA1sQva+7QtcOHXrhmXNgiQJWjlND
        x8jUMD+MKo4JE3jtq5k4CASBJs+D6FYto0gwRjAJBgNVHRMEAjAAMA4GA1UdDwEB
        /wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAUBgNVHREEDTALgglsb2NhbGhv
        c3QwCgYIKoZIzj0EAwIDSAAwRQIhAIjwZrBcRhSAieDB13xgTFHX8nje3rYNi4db
        4QxiB/TEAiBGzA5ypVIlIiGOzdiOaW8GjQsQRczLlPTt+v+IYSg4cg==
        -----END CERTIFICATE-----
        """

    /// For `localhost`, under `root`, with another key: what `localhost` is replaced with.
    package static let renewed = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASOgAwIBAgIUWfH19gBEAqjtIft41RJVaaZdv1cwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTAxMDAwMDAw
        WhgPMjEyNjEwMDEwMDAwMDBaMBIxEDAOBgNVBAMMB3JlbmV3ZWQwWTATBgcqhkjO
        PQIBBggqhkjOPQMBBwNCAASg49GWp8rfkgzucRuq6EMBpt7qhp5W3vYb8218FMD5
        BvwiANURZBOa/vXV3XSImH7nb0hiU5Z/u48iFS5hIqe7o0gwRjAJBgNVHRMEAjAA
        MA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAUBgNVHREEDTAL
        gglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSQAwRgIhAJqBS1vwSW+vZ9TbuX0n+K9P
        dxFkpJdF3DytEYgckMhFAiEA40iCTilHnTfJyRe5uG4W6M4nOedKZF0wiyrFOA0U
        dlo=
        -----END CERTIFICATE-----
        """

    /// The key of `renewed`.
    package static let renewedKey = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIPLYCJuNq2CfOWj+0pQ9NzrJxMQevN2FDZxasuEbc/IWoAoGCCqGSM49
        AwEHoUQDQgAEoOPRlqfK35IM7nEbquhDAabe6oaeVt72G/NtfBTA+Qb8IgDVEWQT
        mv711d10iJh+529IYlOWf7uPIhUuYSKnuw==
        -----END EC PRIVATE KEY-----
        """

    /// The same behind a passphrase.
    package static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAjBvHaBYNmRIrjLwIQ
        hbmSAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ/gaztybZt0o3KAN8
        rOZXogSBkFMqB5M/W+VmQGtZ8aBDE2//6WTZjI1lSdCSrxWSEH2lGoQAkCfRh1cb
        pxYnBtBM4nav3eetCLOpw33RrvnNlIiuFAkykt/EObW7pf/t16AkF+oe1lH/4g4q
        B4trzyXHRnYTksWYOdJW0HWZj8iD732ZtyrmkOrpB5l7lU62mjLqq9ENHKXzshMA
        L6Pgsvq02Q==
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// A caller's, under `root`.
    package static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBZDCCAQqgAwIBAgIUDAWuC0Z05C5sdpyLiAWzFuyV23kwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUU3dpdGNoeWFyZCB0ZXN0IHJvb3QwIBcNMjYxMTAxMDAwMDAw
        WhgPMjEyNjEwMDEwMDAwMDBaMA8xDTALBgNVBAMMBHNob3AwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAATgxNwOvLeBxo2iJRhsZeRkvV294REQ7gE6l6W2J40RtgAw
        6uO63y/r82TXvKRlMIx1Y3UIUlqfZJqSP3RsvhXnozIwMDAJBgNVHRMEAjAAMA4G
        A1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAKBggqhkjOPQQDAgNI
        ADBFAiAK4l4IyNzDJUP0giaOaftyuiLcex5MbCu5N0aNRCB40gIhANSPvS6sbdLE
        6sC9/nXUHESE2Q1ENwyta4hbx3vxwhKL
        -----END CERTIFICATE-----
        """

    /// A caller's, under `strangerRoot`, with the same key.
    package static let strangerClient = """
        -----BEGIN CERTIFICATE-----
        MIIBYzCCAQigAwIBAgIUN34AxfA4rIf3oK78XIRY7ZF1DMowCgYIKoZIzj0EAwIw
        HTEbMBkGA1UEAwwSU3RyYW5nZXIgdGVzdCByb290MCAXDTI2MTEwMTAwMDAwMFoY
        DzIxMjYxMDAxMDAwMDAwWjAPMQ0wCwYDVQQDDARzaG9wMFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAE4MTcDry3gcaNoiUYbGXkZL1dveEREO4BOpeltieNEbYAMOrj
        ut8v6/Nk17ykZTCMdWN1CFJan2Sakj90bL4V56MyMDAwCQYDVR0TBAIwADAOBgNV
        HQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwCgYIKoZIzj0EAwIDSQAw
        RgIhANNR6PQrfYNOInZkQRBmnuh0fht2cKgesZwYf1/L404VAiEAy6u/LfjqikJ+
        JTSLfEDNA/CW115YHs+0zVY4sf4EEek=
        -----END CERTIFICATE-----
        """

    /// The key of both.
    package static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE4KSWmw1nDMVXwY8
        fstIqJBXvXZ5w18BZOl9FLL2FEOhRANCAATgxNwOvLeBxo2iJRhsZeRkvV294REQ
        7gE6l6W2J40RtgAw6uO63y/r82TXvKRlMIx1Y3UIUlqfZJqSP3RsvhXn
        -----END PRIVATE KEY-----
        """
}
