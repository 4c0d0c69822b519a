/// The bytes that JSON's grammar (RFC 8259) names, and the scans that the reader and the writer share.
enum ASCII {
    static let backspace: UInt8 = 0x08
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let formFeed: UInt8 = 0x0C
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D

    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- zero < 10
    }

    /// The value of a hexadecimal digit of either case; nil for any other byte.
    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte) - 0x30
        case 0x41...0x46: UInt32(byte) - 0x41 + 10
        case 0x61...0x66: UInt32(byte) - 0x61 + 10
        default: nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The offset, from `start` on, of the first byte that a JSON string cannot hold as it is, or `count`: a quote, a
    /// backslash, a control character and, where `stopAtNonASCII`, the first byte of a multi-byte sequence.
    ///
    /// It looks at eight bytes at a time: most strings of a payment have no such byte before their closing quote.
    @inline(__always)
    func endOfPlainRun(from start: Int, stopAtNonASCII: Bool) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(ASCII.quote))
            let backslashes = word ^ (ones &* UInt64(ASCII.backslash))
            // `(x - ones) & ~x` has the high bit of every zero byte of `x`, `(x - 0x20s) & ~x` of every byte below 0x20.
            // A borrow can mark a byte wrongly only above a byte that is marked rightly, so the lowest mark is exact.
            var marks = (quotes &- ones) & ~quotes
            marks |= (backslashes &- ones) & ~backslashes
            marks |= (word &- ones &* UInt64(ASCII.space)) & ~word
            if stopAtNonASCII {
                marks |= word
            }
            marks &= highBits
            if marks != 0 {
                return index &+ marks.trailingZeroBitCount &>> 3
            }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < ASCII.space || byte == ASCII.quote || byte == ASCII.backslash || (stopAtNonASCII && byte >= 0x80)
            {
                return index
            }
            index &+= 1
        }
        return index
    }

    /// The length, 2 to 4, of the well-formed UTF-8 sequence (Unicode 16, table 3-7) that begins at `start` with a byte
    /// above 0x7F; nil where it is overlong, a surrogate, above U+10FFFF, cut off or no sequence at all.
    func multiByteSequenceLength(at start: Int) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch self[start] {
        case 0xC2...0xDF:
            length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF:
            length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF1...0xF3:
            length = 4
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        default:
            return nil
        }
        guard start + length <= count, second.contains(self[start + 1]) else { return nil }
        for index in start + 2..<start + length where self[index] & 0xC0 != 0x80 {
            return nil
        }
        return length
    }

    /// The end of the RFC 8259 number that begins at `start`, or the offset at which it stops being one.
    func endOfNumber(from start: Int) -> (end: Int, isNumber: Bool) {
        var index = start
        if index < count, self[index] == ASCII.minus {
            index &+= 1
        }
        let integer = index
        index = endOfDigits(from: index)
        if index == integer {
            return (index, false)
        }
        if self[integer] == ASCII.zero, index > integer + 1 {
            return (integer + 1, false)
        }
        if index < count, self[index] == ASCII.dot {
            let fraction = index + 1
            index = endOfDigits(from: fraction)
            if index == fraction {
                return (index, false)
            }
        }
        if index < count, self[index] | 0x20 == 0x65 {
            index &+= 1
            if index < count, self[index] == ASCII.plus || self[index] == ASCII.minus {
                index &+= 1
            }
            let exponent = index
            index = endOfDigits(from: exponent)
            if index == exponent {
                return (index, false)
            }
        }
        return (index, true)
    }

    private func endOfDigits(from start: Int) -> Int {
        var index = start
        while index < count, ASCII.isDigit(self[index]) {
            index &+= 1
        }
        return index
    }
}
