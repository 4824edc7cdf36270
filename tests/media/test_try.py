import asyncio
import av, subprocess
import pytest
from custom_components.eufy_local.eufy.media.live import LiveStream
from custom_components.eufy_local.eufy.media.rtsp.server import RtspServer, new_token
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.wire.nal import Codec
from .clips import clip
from .sources import ClipSource
import time

@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("wake", [0, 3])
async def test_play(socket_enabled, codec, wake):
    gate = Gate()
    server = RtspServer(gate, token=new_token())
    await server.start()
    src = ClipSource(clip(codec), wake=wake)
    live = LiveStream("T8160", src, linger=0.2)
    live.subscribe(lambda e: print(e, live.state, live.reason))
    server.add("T8160", live)
    url = server.url("T8160")
    def play():
        t=time.time()
        got=[]
        with av.open(url, options={"rtsp_transport":"tcp","rtsp_flags":"prefer_tcp","timeout":"5000000"}, timeout=30) as c:
            print("open", time.time()-t, c.streams)
            n=0
            for p in c.demux():
                if not got: print("first packet", time.time()-t)
                got.append((p.stream.type,p.dts, p.size, p.is_keyframe))
                for f in p.decode(): n+=1
                if len(got)>80: break
        print(n, got[:20])
    await asyncio.to_thread(play)
    for _ in range(20):
        await asyncio.sleep(0.05)
    print(src.opened, src.closed, live.state, live.parameters)
    r= await asyncio.create_subprocess_exec("ffprobe","-v","warning","-rtsp_transport","tcp","-show_streams","-of","compact",url,stdout=subprocess.PIPE)
    out,_=await r.communicate()
    print(out.decode())
    await server.stop()
    await live.close()
    await gate.close()
