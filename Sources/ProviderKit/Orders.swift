public import PaymentModel

/// A payment to be made at a provider.
public struct PaymentOrder: Sendable {
    /// Our id of the payment.
    public let id: String
    /// Our reference at this provider: derived from the idempotency key, in the adapter's `referenceFormat`.
    public let reference: String
    /// With the app's default country filled in.
    public let request: PaymentRequest
    /// Where the provider calls back, with our token in it; nil where the adapter does not receive callbacks.
    public let callbackURL: String?
    /// When it is sent: from then on a life counts that the provider tells as a length, such as a session's.
    public let createdAt: Timestamp

    /// Makes an order.
    public init(id: String, reference: String, request: PaymentRequest, callbackURL: String?, createdAt: Timestamp) {
        self.id = id
        self.reference = reference
        self.request = request
        self.callbackURL = callbackURL
        self.createdAt = createdAt
    }
}

/// A payment to be asked after.
public struct InquirySubject: Sendable {
    /// Our reference at this provider.
    public let reference: String
    /// The provider's reference of the transaction, once it is known.
    public let providerReference: String?
    /// The provider's reference of its page or session, where that is another thing.
    public let checkoutReference: String?
    public let money: Money
    public let method: PaymentMethod
    public let capture: CaptureMode
    /// When the payment was begun.
    public let createdAt: Timestamp
    /// When the provider's session ends, where it told.
    public let expiresAt: Timestamp?
    /// What the adapter kept in its report.
    public let session: [String: Secret]
    /// The moment of asking.
    public let now: Timestamp
    /// What the app says that the provider's id is (`sync`); nil elsewhere.
    public let claimedTransactionID: String?

    /// Makes a subject.
    public init(
        reference: String, providerReference: String?, checkoutReference: String? = nil, money: Money,
        method: PaymentMethod, capture: CaptureMode = .automatic, createdAt: Timestamp, expiresAt: Timestamp? = nil,
        session: [String: Secret] = [:], now: Timestamp, claimedTransactionID: String? = nil
    ) {
        self.reference = reference
        self.providerReference = providerReference
        self.checkoutReference = checkoutReference
        self.money = money
        self.method = method
        self.capture = capture
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.session = session
        self.now = now
        self.claimedTransactionID = claimedTransactionID
    }
}

/// A capture, cancel or refund of a payment that the provider has.
public struct FollowUp: Sendable {
    public let operation: Operation
    /// The payment as it is.
    public let payment: Payment
    /// Our reference of the payment.
    public let reference: String
    /// Our key of this follow-up, derived from the app's idempotency key.
    public let key: String
    /// Minor units; nil for a cancel.
    public let amount: Int64?
    public let reason: String?
    public let session: [String: Secret]

    /// Makes a follow-up.
    public init(
        operation: Operation, payment: Payment, reference: String, key: String, amount: Int64?, reason: String?,
        session: [String: Secret]
    ) {
        self.operation = operation
        self.payment = payment
        self.reference = reference
        self.key = key
        self.amount = amount
        self.reason = reason
        self.session = session
    }
}

/// The references that a provider takes from us: always at least 120 bits of a keyed hash.
public struct ReferenceFormat: Sendable, Hashable {
    /// 16 or 32 ASCII characters.
    public let alphabet: [UInt8]
    /// How many characters a reference has.
    public let length: Int

    /// A format; its alphabet has 16 or 32 characters and a reference holds at least 120 bits.
    public init(alphabet: String, length: Int) {
        self.alphabet = Array(alphabet.utf8)
        self.length = length
        precondition(self.alphabet.count == 16 || self.alphabet.count == 32, "an alphabet of 16 or 32 characters")
        precondition(
            Set(self.alphabet).count == self.alphabet.count, "a character that is there twice holds fewer bits")
        precondition(length * (self.alphabet.count == 32 ? 5 : 4) >= 120, "a reference holds at least 120 bits")
        precondition(length * (self.alphabet.count == 32 ? 5 : 4) <= 256, "a hash has 256 bits")
    }

    /// 26 characters of `a-z 2-7`: 130 bits, and safe wherever letters and digits are.
    public static let base32 = ReferenceFormat(alphabet: "abcdefghijklmnopqrstuvwxyz234567", length: 26)

    /// Writes the first bits of a 32-byte hash in this format.
    public func reference(from hash: [UInt8]) -> String {
        precondition(hash.count == 32, "a reference is made of a 32-byte hash")
        let bitsPerCharacter = alphabet.count == 32 ? 5 : 4
        var bits: UInt32 = 0
        var count = 0
        var next = 0
        return String(unsafeUninitializedCapacity: length) { buffer in
            for position in 0..<length {
                while count < bitsPerCharacter {
                    bits = bits << 8 | UInt32(hash[next])
                    next += 1
                    count += 8
                }
                count -= bitsPerCharacter
                buffer[position] = alphabet[Int(bits >> UInt32(count)) & (alphabet.count - 1)]
                bits &= (1 << UInt32(count)) - 1
            }
            return length
        }
    }
}
