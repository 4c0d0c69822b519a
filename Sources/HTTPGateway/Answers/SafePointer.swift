import PaymentEngine
import PaymentModel

extension Problem {
    /// 422 with every fault of a request, made safe to answer: member names are the caller's own words, so what looks
    /// like a card number is masked, long names are cut, and so is a list that only an attack or a loop can make.
    static func validation(_ faults: [FieldFault]) -> Problem {
        let most = 100
        let errors = faults.prefix(most).map { FieldFault(pointer: safePointer($0.pointer), detail: $0.detail) }
        let detail =
            switch faults.count {
            case 1: "One member is not valid"
            case ...most: "\(faults.count) members are not valid"
            default: "\(faults.count) members are not valid; the first \(most) are listed"
            }
        return Problem(.validationFailed, detail, errors: errors)
    }

    /// A pointer with runs of 10 and more digits as `***`, and at most 256 bytes of it.
    static func safePointer(_ pointer: String) -> String {
        var safe = ""
        var digits = ""
        func flush() {
            safe += digits.utf8.count >= 10 ? "***" : digits
            digits = ""
        }
        for scalar in pointer.unicodeScalars {
            if safe.utf8.count > 256 { return safe + "…" }
            if ("0"..."9").contains(scalar) {
                digits.unicodeScalars.append(scalar)
            } else {
                flush()
                safe.unicodeScalars.append(scalar)
            }
        }
        flush()
        return safe
    }
}
