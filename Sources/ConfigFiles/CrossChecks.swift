import PaymentEngine
import PaymentModel
import ProviderKit
import Resilience

/// Checks of the server, the apps and the providers against each other.
struct CrossChecks {
    /// Bytes of a secret that providers' money depends on.
    private static let leastSecretBytes = 16

    let faults: FaultLog
    let server: ServerDraft
    let apps: [AppDraft]
    let providers: [ProviderDraft]

    /// - Parameter isComplete: Whether every file was understood, so that what is missing is missing.
    func run(at folder: SourcePosition, isComplete: Bool) {
        checkListeners(at: folder)
        checkKeys()
        if isComplete { checkSecrets() }
        checkCallbackAddress()
        checkTimeouts()
    }

    private func checkListeners(at folder: SourcePosition) {
        let position = server.admin ?? server.position ?? folder
        if let problem = server.server.adminProblem, !server.keys.contains("admin_keys_sha256") {
            faults.error(at: position, problem)
        }
        if server.server.admin == server.server.listen, server.server.admin.port != 0 {
            faults.error(at: position, "'admin' and 'listen' are the same address")
        }
    }

    /// A key that two apps share would be one app's in the other's name.
    private func checkKeys() {
        var owners: [KeyDigest: String] = [:]
        let standIn = KeyDigest(bytes: [UInt8](repeating: 0, count: 32))
        for app in apps {
            for key in app.keys where key.value != standIn {
                guard let owner = owners.updateValue(app.app.name, forKey: key.value) else { continue }
                let text = owner == app.app.name ? "this key is there twice" : "app '\(owner)' has the same key"
                faults.error(at: key.position, text)
            }
        }
    }

    /// The two secrets are needed as soon as one provider is real.
    private func checkSecrets() {
        let remote = providers.first(where: \.isElsewhere)
        if let remote {
            let position = server.position ?? remote.position
            for key in ServerDraft.secretKeys where !server.keys.contains(key) {
                faults.error(at: position, "server needs '\(key)': provider '\(remote.name)' is not on loopback")
            }
        }
        for secret in server.secrets where secret.value.reveal().utf8.count < Self.leastSecretBytes {
            let text = "a secret must have \(Self.leastSecretBytes) bytes or more ('openssl rand -base64 32' makes one)"
            if remote == nil {
                faults.warning(at: secret.position, text)
            } else {
                faults.error(at: secret.position, text)
            }
        }
    }

    /// Providers elsewhere cannot call back at an address of this machine.
    private func checkCallbackAddress() {
        let isReachable = server.server.publicURL.flatMap { WebAddress($0) }.map { !$0.isLoopback } ?? false
        guard !isReachable else { return }
        // Once: the fault is the server's, and all providers have it.
        guard let draft = providers.first(where: { $0.isElsewhere && $0.provider?.adapter is any CallbackReceiving })
        else { return }
        faults.warning(
            at: server.position ?? draft.position,
            "'public_url' names no public address: provider '\(draft.name)' cannot call back")
    }

    private func checkTimeouts() {
        let whole = server.server.requestTimeout
        for draft in providers {
            // No money-moving send starts with less than that left (contract §6): nothing could ever be sent.
            let least = min(draft.timeout?.value ?? .seconds(10), .seconds(2))
            if whole <= least, let position = server.position ?? draft.timeout?.position {
                faults.error(
                    at: position,
                    "request_timeout (\(Values.text(whole))) leaves no time for a payment at '\(draft.name)': more than "
                        + "\(Values.text(least)) is needed, or a shorter timeout there")
                break
            }
            guard let timeout = draft.timeout, timeout.value > whole else { continue }
            faults.warning(
                at: timeout.position,
                "timeout is longer than the whole request's (server.request_timeout: \(Values.text(whole)))")
        }
    }
}

extension ServerConfiguration {
    /// Why the admin listener must not start, in words: it is open to others and has no key. Nil where it may.
    package var adminProblem: String? {
        guard !admin.isLoopback, adminKeys.isEmpty else { return nil }
        return "'admin' (\(admin)) is not on loopback: 'admin_keys_sha256' is required"
    }

    /// The rate of payments that the idempotency keys sustain: one key each, kept for the whole `ttl`.
    package var sustainedRate: SustainedRate { SustainedRate(limits: idempotency) }
}

/// How many idempotency keys a second fit, day and night, before the store is full. Each payment and follow-up takes
/// one.
package struct SustainedRate: Sendable, Hashable, CustomStringConvertible {
    /// Keys in a thousand seconds, rounded down.
    package let perThousandSeconds: Int
    private let maxKeys: Int
    private let ttl: Duration

    /// `max_keys` in each `ttl`.
    init(limits: IdempotencyLimits) {
        maxKeys = limits.maxKeys
        ttl = limits.ttl
        let milliseconds = Int128(max(1, Values.milliseconds(limits.ttl)))
        perThousandSeconds = Int(clamping: Int128(limits.maxKeys) * 1_000_000 / milliseconds)
    }

    /// `11.574 payments a second (1000000 keys for 24h; half of it for one app)`.
    package var description: String {
        let thousandths = String(perThousandSeconds % 1000)
        let fraction = String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
        return "\(perThousandSeconds / 1000).\(fraction) payments a second "
            + "(\(maxKeys) keys for \(Values.text(ttl)); half of it for one app)"
    }
}
