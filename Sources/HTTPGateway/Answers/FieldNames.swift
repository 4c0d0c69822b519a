import HTTPTypes

extension HTTPField.Name {
    static let adminChange = known("X-Switchyard-Admin")
    static let contentSecurityPolicy = known("Content-Security-Policy")
    static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    static let crossOriginResourcePolicy = known("Cross-Origin-Resource-Policy")
    static let apiKey = known("X-API-Key")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotencyReplayed = known("Idempotency-Replayed")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")
    static let referrerPolicy = known("Referrer-Policy")
    static let requestID = known("X-Request-Id")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("a field name of ours is no token") }
        return name
    }
}
