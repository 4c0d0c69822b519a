import Logging
import PaymentModel
package import ProviderKit
import Resilience

/// What a delivery to `/webhooks` is answered with.
package enum CallbackAnswer: Sendable, Hashable {
    /// 200: verified, and applied or known already.
    case accepted
    /// 401.
    case refused
    /// 404.
    case unknownProvider
    /// 503: verified, it matches no payment, and there is no room to keep it. The provider sends it again.
    case notKept
}

extension PaymentEngine {
    /// Takes a provider's callback. Nothing in it is believed before it is verified: by the provider's signature or key
    /// and, where the address carries a token, by that too.
    ///
    /// - Parameters:
    ///   - token: The last part of the address, where there is one.
    ///   - address: The caller's IP address, for providers that sign nothing.
    package func receiveCallback(
        provider name: String, token: String?, delivery: CallbackDelivery, from address: String?
    ) async -> CallbackAnswer {
        let configuration = configuration
        guard let runtime = runtime(name, in: configuration), let adapter = runtime.adapter as? any CallbackReceiving
        else {
            return .unknownProvider
        }
        // The payment that the token was made for. It may be gone: made room, or made before a restart. Then the token still tells
        // who knew the address, and nothing of which payment it is.
        var vouchedFor: String?
        if let token {
            guard let payment = configuration.callbackTokens.payment(of: token, provider: name) else {
                return refuse(name, "token")
            }
            if await store.record(payment) != nil { vouchedFor = payment }
        }
        let verdict = adapter.verifyCallback(delivery)
        switch verdict {
        case .authentic: break
        case .forged: return refuse(name, "signature")
        case .unsigned:
            guard token != nil || AllowList(runtime.configuration.webhookAllow).contains(address) else {
                return refuse(name, "unsigned")
            }
        }
        let notice: CallbackNotice
        do {
            notice = try adapter.readCallback(delivery)
        } catch {
            // Verified, so it would only come again: answered, and left to the inquiry.
            logger.log(
                level: error.isExpected ? .debug : .warning, "callback says nothing of a payment",
                metadata: ["provider": "\(name)", "detail": "\(error.detail)"])
            metrics.callback(name, error.isExpected ? .ignored : .unreadable)
            return .accepted
        }
        guard let id = await payment(of: notice, at: name, vouchedFor: vouchedFor) else {
            if verdict != .authentic, vouchedFor != nil {
                // The customer's browser knows the address too. What it vouches for is here, and will never be what this names:
                // kept, it would take the place of what may yet be matched.
                logger.warning("callback is not about its address's payment", metadata: ["provider": "\(name)"])
                metrics.callback(name, .unmatched)
                return .accepted
            }
            return await keep(notice, from: name, vouchedFor: vouchedFor, isAuthentic: verdict == .authentic)
        }
        await apply(notice, from: name, to: id, isAuthentic: verdict == .authentic)
        return .accepted
    }

    /// Applies a verified delivery to its payment, once.
    ///
    /// - Parameter isCounted: Whether the delivery was counted when it came, for it matched no payment then.
    private func apply(
        _ notice: CallbackNotice, from name: String, to id: String, isAuthentic: Bool, isCounted: Bool = false
    ) async {
        // Another provider of the same payment may use the same ids; the same event with other money is another one, which
        // has to be looked at.
        let event = PaymentRecord.name(name, "\(notice.eventID) \(notice.report.money?.description ?? "")")
        guard await store.update(id, { $0.isNewCallback(event) }) == true else {
            if !isCounted { metrics.callback(name, .repeated) }
            log(callbackOf: id, at: name, .repeated, isAuthentic: isAuthentic)
            return
        }
        if !isCounted { metrics.callback(name, .applied) }
        log(callbackOf: id, at: name, .applied, isAuthentic: isAuthentic)
        if isAuthentic { await apply(notice.report, from: name, to: id) }
        // The word of a provider that signs nothing changes nothing: it is a hint to ask now. So is any word while the outcome of
        // a follow-up is open, for it may tell of that.
        let hasOpenFollowUp = await store.record(id)?.openFollowUp != nil
        if !isAuthentic || hasOpenFollowUp {
            await takeHint(
                on: id, tellsOfMoney: !isAuthentic && notice.report.state.isMoney,
                reference: isAuthentic ? nil : notice.report.ourReference)
        }
    }

    /// Bytes, the instance's name included; ours and every provider's are far shorter.
    private static var longestReference: Int { 512 }

    /// Keeps a delivery that matches no payment, for the one that may turn up.
    private func keep(
        _ notice: CallbackNotice, from name: String, vouchedFor: String?, isAuthentic: Bool
    ) async -> CallbackAnswer {
        let orphan = OrphanCallback(
            id: newID("cb"), provider: name, notice: notice, vouchedFor: vouchedFor, isAuthentic: isAuthentic,
            receivedAt: environment.wallClock)
        guard orphan.names.allSatisfy({ $0.utf8.count <= Self.longestReference }) else {
            // No payment will ever learn it, so it need not come again either.
            logger.warning("callback names an impossible reference", metadata: ["provider": "\(name)"])
            metrics.callback(name, .unmatched)
            return .accepted
        }
        guard await store.keep(orphan) else {
            logger.error("no room for a callback that matches no payment", metadata: ["provider": "\(name)"])
            metrics.callback(name, .notKept)
            return .notKept
        }
        logger.log(
            level: notice.report.state.isMoney ? .warning : .info, "callback matches no payment",
            metadata: ["provider": "\(name)", "orphan": "\(orphan.id)", "status": "\(notice.report.state.name)"])
        metrics.callback(name, .unmatched)
        // The payment may have learnt its reference meanwhile.
        if await payment(of: notice, at: name, vouchedFor: vouchedFor) != nil {
            await applyOrphans(naming: orphan.names)
        }
        return .accepted
    }

    /// Applies the callbacks that came before the payment was known by the references that they name. True where there were any.
    @discardableResult
    func applyOrphans(naming references: [String]) async -> Bool {
        var isApplied = false
        for orphan in await store.takeOrphans(naming: references) {
            let owner = await payment(
                of: orphan.notice, at: orphan.provider, vouchedFor: orphan.vouchedFor)
            guard let owner else {
                // It names two payments: still nobody's.
                _ = await store.keep(orphan)
                continue
            }
            logger.notice(
                "callback matched later",
                metadata: ["provider": "\(orphan.provider)", "orphan": "\(orphan.id)", "payment": "\(owner)"])
            await apply(
                orphan.notice, from: orphan.provider, to: owner, isAuthentic: orphan.isAuthentic, isCounted: true)
            isApplied = true
        }
        return isApplied
    }

    /// The callbacks that match no payment: those that tell of money first, newest first.
    package func orphans(limit: Int) async -> [OrphanCallback] { await store.orphans(limit: limit) }

    /// Where a customer's browser that lands on a callback address is sent: the payment's `return_url`. Nil for an address
    /// that was not made here.
    package func returnAddress(provider: String, token: String) async -> String? {
        guard let id = configuration.callbackTokens.payment(of: token, provider: provider) else { return nil }
        return await store.record(id)?.returnURL
    }

    /// The payment that a delivery is about, by our reference and by the provider's. A body that names two payments, an
    /// order that is not ours, or another payment than the token vouches for, is nobody's: it would book one payment's
    /// money on another.
    private func payment(of notice: CallbackNotice, at provider: String, vouchedFor: String?) async -> String? {
        func owner(of reference: String?) async -> String? {
            guard let reference else { return nil }
            return await store.id(ofReference: PaymentRecord.name(provider, reference))
        }
        var found: String?
        for reference in [notice.report.providerReference, notice.report.checkoutReference] {
            guard let named = await owner(of: reference) else { continue }
            guard found == nil || found == named else { return nil }
            found = named
        }
        if let ours = notice.report.ourReference {
            let byTheirs = found
            found = await owner(of: ours)
            if let byTheirs, byTheirs != found { return nil }
        }
        guard let vouchedFor else { return found }
        guard let found else {
            // The provider's own reference may be new to us: the callback may overtake the reply that names it.
            return notice.report.ourReference == nil ? vouchedFor : nil
        }
        return found == vouchedFor ? found : nil
    }

    private func refuse(_ provider: String, _ what: String) -> CallbackAnswer {
        logger.warning("callback refused", metadata: ["provider": "\(provider)", "reason": "\(what)"])
        metrics.callback(provider, .refused)
        return .refused
    }
}

/// Networks in CIDR notation.
struct AllowList: Sendable {
    private let networks: [(bytes: [UInt8], bits: Int)]

    init(_ texts: [String]) {
        networks = texts.compactMap { text in
            let parts = text.split(separator: "/", maxSplits: 1)
            guard let first = parts.first, let bytes = IPAddress.bytes(String(first)) else { return nil }
            return (bytes, parts.count == 2 ? Int(parts[1]) ?? bytes.count * 8 : bytes.count * 8)
        }
    }

    func contains(_ address: String?) -> Bool {
        guard let address, let bytes = IPAddress.bytes(address) else { return false }
        return networks.contains { network in
            guard network.bytes.count == bytes.count, network.bits <= bytes.count * 8 else { return false }
            return (0..<network.bits).allSatisfy { bit in
                let mask: UInt8 = 0x80 >> UInt8(bit % 8)
                return network.bytes[bit / 8] & mask == bytes[bit / 8] & mask
            }
        }
    }
}
