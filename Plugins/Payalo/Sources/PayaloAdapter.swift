// Payalo
