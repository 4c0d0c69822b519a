import PaymentModel
import ProviderKit
import StrictJSON

/// What holds of every report, whatever reply it was made of.
extension Examiner {
    /// As ``expect(_:_:_:)``, of a mutated reply; its words are made only where they are needed.
    mutating func expect(_ isSo: Bool, _ rule: String, of mutated: MutatedReply, _ seen: String = "") {
        if !isSo { expect(false, rule, "\(mutated.words): \(seen)") }
    }

    /// - Parameter expectation: The word by which fixtures name such an outcome.
    mutating func check(_ report: ProviderReport, as expectation: String, of mutated: MutatedReply) {
        checkID(report.providerReference, of: mutated)
        checkID(report.checkoutReference, of: mutated)
        if let money = report.money { checkAmount(money, of: mutated) }
        switch report.state {
        case .captured, .authorized:
            checkStatus(as: expectation, of: mutated)
        case .failed(let decline), .failedForNow(let decline): check(decline, nil, of: mutated)
        case .requiresAction(.redirect(let url, _)), .pending(.redirect(let url, _)):
            expect(WebAddress.problem(with: url) == nil, "a page is a web address", of: mutated, url)
        case .requiresAction(.clientToken(let token, _)), .pending(.clientToken(let token, _)):
            expect(ProviderText.isVisibleASCII(token), "a token is visible ASCII", of: mutated)
        default: break
        }
    }

    /// A decline is shown to apps.
    mutating func check(_ decline: Decline, _ reference: String?, of mutated: MutatedReply) {
        checkID(reference, of: mutated)
        checkShown(decline.message, decline.providerCode, of: mutated)
    }

    /// What is shown to apps: one short line, a code that can be kept.
    mutating func checkShown(_ sentence: String?, _ code: String?, of mutated: MutatedReply) {
        if let sentence {
            let isLine =
                !sentence.isEmpty && sentence.count <= 200 && !sentence.unicodeScalars.contains(where: isUnseen)
            expect(isLine, "what is shown is a sentence", of: mutated, sentence)
        }
        expect(code == ProviderText.code(code, hiding: []), "what is shown is a code", of: mutated, code ?? "")
    }

    private func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// An id of the provider's may become part of a path.
    mutating func checkID(_ id: String?, of mutated: MutatedReply) {
        expect(id.map(ProviderText.isReference) ?? true, "an id passes ProviderText.isReference", of: mutated, id ?? "")
    }

    /// The amount stands in the reply as a whole, in major or minor units, beside its currency.
    private mutating func checkAmount(_ money: Money, of mutated: MutatedReply) {
        let texts = mutated.json?.scalarTexts ?? []
        let isThere = texts.contains {
            Money(decimal: $0, currency: money.currency) == money || Int64($0) == money.minorUnits
        }
        let isNamed = texts.contains { $0.uppercased() == money.currency.code }
        expect(isThere && isNamed, "an amount is what the reply says", of: mutated, "\(money)")
    }

    /// Money is held or taken only under a status that a documented reply of the same meaning has.
    private mutating func checkStatus(as expectation: String, of mutated: MutatedReply) {
        let documented = documents[expectation] ?? []
        let isKnown = inputs.statusPointers.contains { pointer in
            guard let status = mutated.json?.value(at: pointer) else { return false }
            return documented.contains { $0.value(at: pointer) == status }
        }
        expect(
            isKnown || inputs.statusPointers.isEmpty, "money is taken only by a documented status", of: mutated,
            "read as \(expectation)")
    }
}
