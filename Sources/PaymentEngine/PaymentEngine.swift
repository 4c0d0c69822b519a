// PaymentEngine
