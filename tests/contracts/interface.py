"""The public interface of the contracts, as tables: what a dApp written for zrSign relies on."""

FUNCTIONS = """
60a48995 zrKeyReq((address,bytes32,uint8))
31852273 zrKeyRes((bytes32,address,uint256,string,uint8,bytes))
15c39391 zrSignHash((bytes32,uint256,bytes32,bytes,bool))
93f874c4 zrSignTx((bytes32,uint256,bytes32,bytes,bool))
daefde8e zrSignSimpleTx((bytes32,uint256,bytes32,bytes,bool))
050a5784 zrSignRes((uint256,address,bytes,bytes,bool,bytes))
b933e46f estimateFee(bytes32,address,uint256,uint256)
a213cbaa estimateFee(uint8,uint256)
379e3349 getTraceId()
ed979dd6 getRequestState(uint256)
5432f642 getWalletRegistry(bytes32,uint256,address)
2dc8f855 getWalletTypeInfo(bytes32)
a11a572d getZrKeys(bytes32,address)
187e5818 getZrKey(bytes32,address,uint256)
b3f63094 isWalletTypeSupported(bytes32)
aa400591 isChainIdSupported(bytes32,bytes32)
c45ec7ab getMPCFee()
4dd4c753 getRespGas()
f4727b9b getRespGasPriceBuffer()
447f25ef getColletedFees()
54fd4d50 version()
925f91fb initializeV1()
f580fc95 walletTypeIdConfig(uint256,uint256,bool)
f0c30546 chainIdConfig(bytes32,string,bool)
0b95b6be updateMPCFee(uint256)
eaac9e69 updateRespGas(uint256)
73750df6 updateRespGasBuffer(uint256)
c9aa8933 withdrawMPCFees()
8456cb59 pause()
3f4ba83a unpause()
5c975abb paused()
2f2ff15d grantRole(bytes32,address)
d547741f revokeRole(bytes32,address)
36568abe renounceRole(bytes32,address)
91d14854 hasRole(bytes32,address)
248a9ca3 getRoleAdmin(bytes32)
01ffc9a7 supportsInterface(bytes4)
a217fddf DEFAULT_ADMIN_ROLE()
eee49c71 MPC_ROLE()
2a0276f8 FEE_ROLE()
e63ab1e9 PAUSER_ROLE()
1459dda2 SRC_CHAIN_ID()
2e6e152b SRC_WALLET_TYPE_ID()
47bc77f7 IS_HASH_MASK()
8e916786 IS_TX_MASK()
b6e85a75 IS_SIMPLE_TX_MASK()
bc48c904 WALLET_REQUESTED()
367bf456 WALLET_REGISTERED()
d2b92276 OPTIONS_MONITORING()
5a30349d SIG_REQ_IN_PROGRESS()
f0ebb5da SIG_REQ_ALREADY_PROCESSED()
"""

OLDER_REQUESTS = """
5c706c9b zrKeyReq((bytes32,uint8))
331eba82 zrKeyReq((bytes32))
"""

ADDED_REQUESTS = """
052347e6 zrSignData((bytes32,uint256,bytes32,bytes,bool))
02a61a55 IS_DATA_MASK()
"""

ADDED = """
44df6846 estimateFee(address,(bytes32,uint256,bytes32,bytes,bool),uint256)
9e43c258 cancelKeyRequest(bytes32,address,uint256)
5a440e74 cancelRequest(uint256,bool,bytes32)
bffa55d5 claimRefund(address)
a5beb4e5 claimRefundFor(address)
638d1078 configureSafety((uint8,uint32,uint256,uint256,uint256))
c58343ef getRequest(uint256)
fdf4f8e4 getSafety()
bbda69c2 refundCredit(address)
800c385f requestContext(address,(bytes32,uint256,bytes32,bytes,bool),uint8)
"""

ADDED_DIRECT = """
4e7c96f0 zrSignResBatch((uint256,address,bytes,bytes,bool,bytes)[])
b5ab58dc getAnswer(uint256)
cd94cef7 setAnswerDelivery(bytes32,uint256,uint8)
"""

ADDED_OMNI = """
ab8de139 getWalletCount(bytes32,address)
476343ee withdrawFees()
25f821cd zrLinkAccount(string)
"""

STANDARD_EVENTS = """
62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258 Paused
5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa Unpaused
c7f505b2f371ae2175ee4913f4499e1f2633a7b5936321eed1cdaeb6115181d2 Initialized
2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d RoleGranted
f6391f5c32d9c69d2a47ea670b442974b53935d1edc7fd64eb21e047a839171b RoleRevoked
bd79b86ffe0ab8e8776151514217cd7cacd52c909f66475c3af44e129f0b00ff RoleAdminChanged
"""

ADDED_ERRORS = """
5ae8122a AboveCap
2e7c937b AnswerMismatch
23e228cb InsufficientGas
161eb542 InvalidAddress
c52a9bd3 InvalidConfiguration
c37906a0 InvalidPayloadLength
d7b2559b NotMigrated
80e681ab NothingToCancel
b22561f3 PaymentTooLarge
6ac7972e RequestMismatch
e22e27eb StringsInsufficientHexLength
2a35a324 TooEarly
"""

DIRECT_ONLY = {
    "31852273",  # zrKeyRes
    "050a5784",  # zrSignRes
    "ed979dd6",  # getRequestState
    "a11a572d",  # getZrKeys
    "187e5818",  # getZrKey
    "4dd4c753",  # getRespGas
    "f4727b9b",  # getRespGasPriceBuffer
    "eaac9e69",  # updateRespGas
    "73750df6",  # updateRespGasBuffer
}

EVENTS = """
4ba02e24ed0a9961951991115a4b7c18421f3001c7783f16fe5cef57dc7abe14 ZrKeyRequest
eadd51a96e8aecd8431bb7c40722e4dc8bb75495298c697420220e7cf59802df ZrKeyResolve
b30ae366d47b8e1a1d9d8f87bd0582a7257c8ce921d8e4f1974db3d9098e935f ZrSigRequest
f542c279cacc7206bbfc134687aa3b2f9ed7437f7d05fca9f92bb699b7ac6323 ZrSigResolve
8a26358d262e803f14993cb523ffcfca39d01472c66bbff83906211bd81199cf ZrSigGasRefund
0b058e58a91fd7be2a2fd9de8fa8ea62818e6b00649ded8433283d6c8ec905db MPCFeeUpdate
4300b00f2792b6973906364618d660e899c12bf318031a4c1c799a0ac6096781 RespGasUpdate
723fc45920e8b81b8e3854cad76bb1a7369ed024cfb188a45079592bdef18c8b RespGasPriceBufferUpdate
c36b5830a281828bf8ccf83f6f67fa3893f359320f4c1376be6ce4d049569e30 MPCFeeWithdraw
715c485ce29fb2e949df8d2b653d4ded68276cba6d8896d58c208c55e66e8920 WalletTypeIdSupport
191185b1dd8bc542e2693a53b68ccb36e5543fdfee81c0acff1f82bfa7311b6d ChainIdSupport
"""

ERRORS = """
a458261b InsufficientFee
1906962f WalletTypeAlreadySupported
887b59d6 WalletTypeNotSupported
4e588fd3 ChainIdNotSupported
b1139ad2 ChainIdAlreadySupported
83d45247 RequestNotFoundOrAlreadyProcessed
f8b98c9a InvalidOptions
1e4fbdf7 OwnableInvalidOwner
712ef889 IncorrectWalletIndex
77176fd1 WalletAlreadyRegistered
0659899e WalletNotRequested
a80d65f8 WalletNotRegisteredForMonitoring
6af0e682 InvalidWalletIndex
7ef2aa56 BroadcastNotAllowed
480770df InvalidSignature
ffa7e4f7 InvalidAddressLength
e2517d3f AccessControlUnauthorizedAccount
6697b232 AccessControlBadConfirmation
d93c0665 EnforcedPause
8dfc202b ExpectedPause
3ee5aeb5 ReentrancyGuardReentrantCall
f92ee8a9 InvalidInitialization
d7e6bcf8 NotInitializing
"""

PROXY_FUNCTIONS = """
f851a440 admin()
5c60da1b implementation()
8f283970 changeAdmin(address)
3659cfe6 upgradeTo(address)
4f1ef286 upgradeToAndCall(address,bytes)
"""

PROXY_ADDED = """
147bf6c4 proposeAdmin(address)
0e18b681 acceptAdmin()
"""

LIBRARY_FUNCTIONS = """
22c58c36 hashChainInfo(ZrSignTypes.ChainInfo)
cecbaee9 isNull(ZrSignTypes.ChainInfo)
294dc104 isNotNull(ZrSignTypes.ChainInfo)
1bb211ad encodeChainInfo(ZrSignTypes.ChainInfo)
59dbb5a6 decodeChainInfo(bytes)
"""

CONNECT_FUNCTIONS = """
7a76284c requestNewEVMWallet(uint8)
43740241 requestNewBTCWallet(uint8)
c6b4a8f7 getEVMWallets()
32398d50 getEVMWallet(uint256)
39bfe6ae getBTCWallets()
2c8ffa26 getBTCWallet(uint256)
25699bac ZR_SIGN_ADDRESS()
4d1d8ed7 EVM_WALLET_TYPE()
3f287181 BTC_WALLET_TYPE()
845a7bf3 signMessage(string,uint256,bytes32)
a008aedd transfer(address,uint256,bytes,uint256,uint256,uint256,uint256,bytes32)
"""

CONNECT_STATUSES = """
bc48c904 WALLET_REQUESTED()
367bf456 WALLET_REGISTERED()
d2b92276 OPTIONS_MONITORING()
5a30349d SIG_REQ_IN_PROGRESS()
f0ebb5da SIG_REQ_ALREADY_PROCESSED()
"""

CONSTANTS = {
    "DEFAULT_ADMIN_ROLE": bytes(32),
    "MPC_ROLE": bytes.fromhex("1788cbbd6512d9aa8da743e475ce7cbbc6aea08b483d7cd0c00586734a4f6f14"),
    "FEE_ROLE": bytes.fromhex("13b7ad447453d194d272cdda9bb09d7d357cda1ab7de80d865b4c1cbefc3cf28"),
    "PAUSER_ROLE": bytes.fromhex(
        "8ab6d0465f335f1458251c44a70aa92d9297798531f73d2c8a32b5bd379821b8"
    ),
    "SRC_WALLET_TYPE_ID": bytes.fromhex(
        "e146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a"
    ),
    "IS_HASH_MASK": 0,
    "IS_TX_MASK": 1,
    "IS_SIMPLE_TX_MASK": 2,
    "IS_DATA_MASK": 3,
    "WALLET_REQUESTED": 1,
    "WALLET_REGISTERED": 2,
    "OPTIONS_MONITORING": 2,
    "SIG_REQ_IN_PROGRESS": 1,
    "SIG_REQ_ALREADY_PROCESSED": 2,
}


def rows(table: str) -> dict[str, str]:
    """A table as identifier (hexadecimal) to name."""
    return dict(line.split(" ", 1) for line in table.strip().splitlines())
