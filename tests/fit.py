"""Fits the polynomials of exp, softplus and GELU in the fast room of dl.h: Remez exchange on a dense grid,
in 40-digit arithmetic. Needs mpmath and numpy; prints several degrees to choose from (minutes)."""
import mpmath as mp, numpy as np
mp.mp.dps=40
def remez(f, w, basis, a, b, iters=12, npts=4000):
    """minimise max |w(x)*(f(x)-sum c_i basis_i(x))| on [a,b]"""
    n=len(basis)
    xs=[(a+b)/2-(b-a)/2*mp.cos(mp.pi*i/n) for i in range(n+1)]
    grid=[a+(b-a)*i/mp.mpf(npts) for i in range(npts+1)]
    fg=[f(x) for x in grid]; wg=[w(x) for x in grid]; bg=[[p(x) for p in basis] for x in grid]
    for it in range(iters):
        A=mp.matrix(n+1,n+1); r=mp.matrix(n+1,1)
        for i,x in enumerate(xs):
            for j,p in enumerate(basis): A[i,j]=p(x)
            A[i,n]=(-1)**i/w(x); r[i]=f(x)
        s=mp.lu_solve(A,r); c=[s[j] for j in range(n)]
        e=[wg[k]*(fg[k]-sum(c[j]*bg[k][j] for j in range(n))) for k in range(npts+1)]
        ext=[]; k=0
        while k<=npts:                                # best point of every run of one sign
            k0=k; best=k
            while k<=npts and (e[k]>0)==(e[k0]>0):
                if abs(e[k])>abs(e[best]): best=k
                k+=1
            ext.append(best)
        while len(ext)>n+1:
            if abs(e[ext[0]])<abs(e[ext[-1]]): ext.pop(0)
            else: ext.pop()
        if len(ext)<n+1: break
        xs=[grid[k] for k in ext]
    return c, max(abs(v) for v in e)
f32=np.float32
def show(name,c,err):
    print(name,'max err',mp.nstr(err,3))
    for x in c: print('   ',repr(f32(float(x))), mp.nstr(x,12))
h=mp.log(2)/2*mp.mpf('1.001')
# exp(f)-1 = f + f^2*(c2 + c3 f + ...): weight relative to f (so that expm1 is relative-accurate)
for deg in (5,6):
    def g(x): return (mp.expm1(x)-x)/x**2 if abs(x)>mp.mpf('1e-9') else mp.mpf(1)/2+x/6
    c,e=remez(g, lambda x: abs(x)+mp.mpf('1e-3'),
              [ (lambda j: (lambda x: x**j))(j) for j in range(deg-1)], -h, h)
    show('expm1 deg %d (c2..)'%deg,c,e)
# ln(1+u) = 2 s + s z P(z), s = u/(2+u), z = s^2 in [0, 1/9]
def G(z):
    s=mp.sqrt(z)
    return 2*(mp.atanh(s)-s)/(s*z) if z>mp.mpf('1e-12') else mp.mpf(2)/3+z*2/5
def W(z): return z/(2*mp.atanh(mp.sqrt(z))/mp.sqrt(z) if z>0 else 2)+mp.mpf('1e-4')
for deg in (3,4,5):
    c,e=remez(G, W, [ (lambda j: (lambda x: x**j))(j) for j in range(deg)], mp.mpf(0), mp.mpf(1)/9,
              npts=2000)
    show('log1p n=%d'%deg,c,e)
# Q(a)=erfc(a/sqrt2)/2 = exp(-a^2/2) * t * P(t), t=1/(1+q a), a in [0,14]
for q in ('0.25','0.3','0.35','0.4'):
  for deg in (7,8,9):
    qq=mp.mpf(q)
    def F(t):
        a=(1/t-1)/qq
        return mp.erfc(a/mp.sqrt(2))/2*mp.exp(a*a/2)/t
    c,e=remez(F, lambda t: 1/F(t),
              [ (lambda j: (lambda x: x**j))(j) for j in range(deg)], 1/(1+qq*14), mp.mpf(1),npts=1500)
    print(q,deg)
    show('gelu q=%s n=%d'%(q,deg),c,e)
