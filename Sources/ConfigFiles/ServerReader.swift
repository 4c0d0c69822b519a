import PaymentEngine
import PaymentModel
import Resilience

/// `server` of the configuration, with the places that later checks name.
struct ServerDraft {
    var server = ServerConfiguration(
        referenceSecret: ServerConfiguration.loopbackSecret, callbackSecrets: [ServerConfiguration.loopbackSecret])
    /// Where `server` stands; nil where it does not.
    var position: SourcePosition?
    var admin: SourcePosition?
    /// The two secrets that money depends on.
    static let secretKeys = ["reference_secret", "callback_secrets"]
    /// Those that are written and could be read.
    var secrets: [Located<Secret>] = []
    /// What is written, whether or not it could be read: one fault is one fault.
    var keys: Set<String> = []
}

/// Reads `server`.
struct ServerReader {
    let faults: FaultLog
    let pemFiles: PEMFiles

    func read(_ entry: ConfigEntry) -> ServerDraft {
        var draft = ServerDraft(position: entry.position)
        guard var map = MapReader(entry.value, "server", faults: faults) else { return draft }
        if let listen = map.located("listen", Values.address) {
            draft.server.listen = listen.value
        }
        if let admin = map.located("admin", Values.address) {
            draft.server.admin = admin.value
            draft.admin = admin.position
        }
        if let keys = map.node("admin_keys_sha256"), !keys.holdsNothing { draft.keys.insert("admin_keys_sha256") }
        draft.server.adminKeys = distinct(map.values("admin_keys_sha256", Values.keyDigest) ?? [])
        draft.server.publicURL = map.value("public_url", Values.baseURL)
        if let timeout = map.value("request_timeout", Values.duration(.milliseconds(10)...(.seconds(3600)))) {
            draft.server.requestTimeout = timeout
        }
        if let grace = map.value("drain_grace", Values.duration(.zero...(.seconds(600)))) {
            draft.server.drainGrace = grace
        }
        if let size = map.value("max_body", Values.size(64...(64 << 20))) { draft.server.maxBody = size }
        readLimits(map.node("limits"), into: &draft.server)
        readIdempotency(map.node("idempotency"), into: &draft.server)
        readPayments(map.node("payments"), into: &draft.server)
        readSecrets(&map, into: &draft)
        readInquiry(&map, into: &draft.server)
        if let node = map.node("tls") { draft.server.tls = readTLS(node) }
        if let node = map.node("tracing"), var tracing = MapReader(node, "tracing", faults: faults) {
            if let endpoint = tracing.required("endpoint") {
                draft.server.tracingEndpoint = faults.scalar(endpoint, "endpoint", Values.url)?.value
            }
            tracing.finish()
        }
        map.finish()
        return draft
    }

    private func readSecrets(_ map: inout MapReader, into draft: inout ServerDraft) {
        for key in ServerDraft.secretKeys where map.node(key) != nil { draft.keys.insert(key) }
        if let secret = map.located("reference_secret", Values.secret) {
            draft.server.referenceSecret = secret.value
            draft.secrets.append(secret)
        }
        if let secrets = map.someValues("callback_secrets", Values.secret) {
            draft.server.callbackSecrets = secrets.map(\.value)
            draft.secrets += secrets
        }
    }

    private func readLimits(_ node: ConfigNode?, into server: inout ServerConfiguration) {
        guard let node, var map = MapReader(node, "limits", faults: faults) else { return }
        func set<Value>(_ limit: inout Value, _ key: String, _ parse: (ConfigScalar) throws(Misfit) -> Value) {
            if let value = map.value(key, parse) { limit = value }
        }
        set(&server.limits.connections, "connections", Values.integer(1...1_000_000))
        set(&server.limits.headerCount, "header_count", Values.integer(10...1000))
        set(&server.limits.headerSize, "header_size", Values.size(1024...(1 << 20)))
        let wait = Values.duration(.milliseconds(10)...(.seconds(3600)))
        set(&server.limits.requestReadTimeout, "request_read_timeout", wait)
        set(&server.limits.idleTimeout, "idle_timeout", wait)
        set(&server.limits.requestsInFlight, "requests_in_flight", Values.integer(1...1_000_000))
        set(&server.idempotency.maxWaiters, "waiting_callers", Values.integer(1...1_000_000))
        set(&server.limits.followUpsWaiting, "follow_ups_waiting", Values.integer(1...1000))
        set(&server.limits.followUpsPerPayment, "follow_ups_per_payment", Values.integer(1...10_000))
        set(&server.limits.eventsQueued, "events_queued", Values.integer(1...100_000_000))
        set(&server.limits.orphans, "orphans", Values.integer(1...100_000))
        map.finish()
    }

    private func readIdempotency(_ node: ConfigNode?, into server: inout ServerConfiguration) {
        guard let node, var map = MapReader(node, "idempotency", faults: faults) else { return }
        if let ttl = map.value("ttl", Values.duration(.milliseconds(1)...Limits.longest)) {
            server.idempotency.ttl = ttl
        }
        if let count = map.value("max_keys", Values.integer(1...100_000_000)) { server.idempotency.maxKeys = count }
        map.finish()
    }

    private func readPayments(_ node: ConfigNode?, into server: inout ServerConfiguration) {
        guard let node, var map = MapReader(node, "payments", faults: faults) else { return }
        if let retention = map.value("retention", Values.duration(.milliseconds(1)...Limits.longest)) {
            server.paymentRetention = retention
        }
        if let count = map.value("max", Values.integer(1...100_000_000)) { server.maxPayments = count }
        map.finish()
    }

    private func readInquiry(_ map: inout MapReader, into server: inout ServerConfiguration) {
        let times = map.someValues("inquiry", Values.duration(.milliseconds(10)...(.seconds(86_400))))
        guard let times else { return }
        for (earlier, later) in zip(times, times.dropFirst()) where later.value < earlier.value {
            faults.error(at: later.position, "inquiry: the times must not become shorter")
        }
        server.inquiry = times.map(\.value)
    }

    private func readTLS(_ node: ConfigNode) -> ServerConfiguration.TLS? {
        guard var map = MapReader(node, "tls", faults: faults) else { return nil }
        let (certificate, privateKey) = (map.required("certificate"), map.required("private_key"))
        let clientCA = map.node("client_ca")
        map.finish()
        return pemFiles.tls(certificate: certificate, privateKey: privateKey, clientCA: clientCA)
    }

    private func distinct(_ digests: [Located<KeyDigest>]) -> [KeyDigest] {
        var seen: [KeyDigest] = []
        for digest in digests where !seen.contains(digest.value) { seen.append(digest.value) }
        return seen
    }
}
